import Documents
import TestSupport
import Testing

struct YAMLSerializerTests {
    private func text(_ value: JSONValue) -> String {
        String(decoding: YAMLSerializer.bytes(value), as: UTF8.self)
    }

    @Test func writesBlocks() {
        let value: JSONValue = [
            "kind": "GlobalNetworkPolicy", "metadata": ["name": "a", "labels": [:]],
            "spec": [
                "order": 100, "on": true,
                "ingress": [["action": "Allow", "ports": [80, "443:444"]], [[1, 2], []]],
                "nets": ["10.0.0.0/8", "::/0"], "notes": "two\nlines",
                "selector": "a == 'b' && has(c)",
            ],
        ]
        #expect(
            text(value) == #"""
                kind: GlobalNetworkPolicy
                metadata:
                  name: a
                  labels: {}
                spec:
                  order: 100
                  "on": true
                  ingress:
                  - action: Allow
                    ports:
                    - 80
                    - "443:444"
                  - - - 1
                      - 2
                    - []
                  nets:
                  - 10.0.0.0/8
                  - "::/0"
                  notes: "two\nlines"
                  selector: a == 'b' && has(c)

                """#)
    }

    @Test(arguments: [JSONValue.null, true, 1, "a", "", [], [:], "null"])
    func writesASingleScalar(value: JSONValue) throws {
        #expect(try YAMLParser.parse(YAMLSerializer.bytes(value)) == value)
    }

    @Test(arguments: RandomDocument.awkward)
    func writesStringsThatAreReadBackAsStrings(string: String) throws {
        for value: JSONValue in [.string(string), ["k": .string(string)], [.string(string)]] {
            #expect(try YAMLParser.parse(YAMLSerializer.bytes(value)) == value)
        }
        var object = JSONObject()
        object[string] = 1
        #expect(try YAMLParser.parse(YAMLSerializer.bytes(.object(object))) == .object(object))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func randomDocumentsSurvive(seed: UInt64) throws {
        var source = RandomDocument(seed: seed)
        for _ in 0..<40 {
            let value = source.value()
            let yaml = YAMLSerializer.bytes(value)
            let again = try YAMLParser.parse(yaml)
            #expect(again == value, "\(String(decoding: yaml, as: UTF8.self))")
            try #require(YAMLSerializer.bytes(value) == yaml)
        }
    }
}
