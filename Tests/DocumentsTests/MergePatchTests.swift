import Documents
import TestSupport
import Testing

struct MergePatchTests {
    /// The arguments are from RFC 7396 appendix A: the original, the patch, and the result.
    @Test(
        arguments: [
            (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
            (#"{"a":"b"}"#, #"{"a":null}"#, "{}"),
            (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
            (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
            (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
            (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#),
            (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
            (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#),
            (#"{"a":"foo"}"#, "null", "null"), (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
            (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
            ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
            ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
        ])
    func matchesTheTableOfTheRFC(original: String, patch: String, result: String) throws {
        let merged = MergePatch.apply(
            try JSONParser.parse(patch), to: try JSONParser.parse(original))
        #expect(merged == (try JSONParser.parse(result)))
    }

    @Test func keepsTheOrderAndPutsNewMembersLast() throws {
        let merged = MergePatch.apply(
            ["c": 9, "z": 1, "a": 2], to: try JSONParser.parse(#"{"a":1,"b":1,"c":1}"#))
        #expect(merged.objectValue?.keys == ["a", "b", "c", "z"])
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func applyingAPatchTwiceIsTheSameAsOnce(seed: UInt64) {
        var source = RandomDocument(seed: seed)
        for _ in 0..<50 {
            let (target, patch) = (source.value(), source.value())
            let once = MergePatch.apply(patch, to: target)
            #expect(MergePatch.apply(patch, to: once) == once)
        }
    }
}
