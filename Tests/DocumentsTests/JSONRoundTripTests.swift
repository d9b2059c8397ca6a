import Documents
import TestSupport
import Testing

struct JSONRoundTripTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everyFormIsReadBackAsTheSameValue(seed: UInt64) throws {
        var source = RandomDocument(seed: seed)
        for _ in 0..<60 {
            let value = source.value()
            for form in [
                JSONSerializer.bytes, JSONSerializer.goBytes, JSONSerializer.canonical,
            ] {
                try #require(try JSONParser.parse(form(value)) == value)
            }
            let canonical = JSONSerializer.canonical(value)
            try #require(JSONSerializer.canonical(try JSONParser.parse(canonical)) == canonical)
        }
    }

    /// A text with random changes must give an error, or a value that reads back from its own text. It must never crash
    /// the parser.
    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func survivesMutations(seed: UInt64) throws {
        var source = RandomDocument(seed: seed)
        let spice = Array("{}[],:\"\\ue0-+.1tfn \n".utf8) + [0x00, 0x80, 0xC3, 0xED, 0xF4, 0xFF]
        for _ in 0..<200 {
            var bytes = JSONSerializer.bytes(source.value())
            for _ in 0..<Int.random(in: 1...4, using: &source.random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &source.random)
                let byte = spice[Int.random(in: 0..<spice.count, using: &source.random)]
                switch Int.random(in: 0..<3, using: &source.random) {
                case 0: bytes.remove(at: index)
                case 1: bytes[index] = byte
                default: bytes.insert(byte, at: index)
                }
            }
            do throws(DocumentError) {
                let value = try JSONParser.parse(bytes)
                #expect((try? JSONParser.parse(JSONSerializer.bytes(value))) == value)
            } catch {
                let offset = try #require(error.position?.byteOffset)
                #expect((0...bytes.count).contains(offset))
            }
        }
    }
}
