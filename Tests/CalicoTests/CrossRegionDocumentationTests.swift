import Calico
import Documents
import Domain
import Foundation
import Testing

@Suite("docs/cross-region-policy.md")
struct CrossRegionDocumentationTests {
    @Test("each example compiles to the policy below it")
    func examples() throws {
        let examples = try Self.examples()
        #expect(examples.count == 5)
        for (source, expected) in examples {
            let name = try #require(source["metadata"]?["name"]?.stringValue)
            let decoded = CrossRegionPolicy.decode(source, name: name)
            #expect(decoded.violations == [])
            let compiled = CrossRegionCompiler.compile(try #require(decoded.value)) { _ in
                try? CIDR(parsing: "10.1.2.0/24")
            }
            #expect(compiled.violations == [])
            let found = compiled.policies.map { policy in
                MergePatch.apply(["metadata": ["annotations": .null]], to: policy.document)
            }
            #expect(found == expected, "\(name)")
        }
    }

    /// Returns the YAML blocks of the page: each source, and the policies in the block after it.
    private static func examples() throws -> [(source: JSONValue, compiled: [JSONValue])] {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/cross-region-policy.md")
        let parts = try String(contentsOf: page, encoding: .utf8)
            .components(separatedBy: "```yaml\n").dropFirst()
        let blocks = try parts.map { part in
            let text = part.components(separatedBy: "```\n")[0]
            return try YAMLParser.documents(Array(text.utf8))
        }
        try #require(blocks.count % 2 == 0)
        return stride(from: 0, to: blocks.count, by: 2).map { (blocks[$0][0], blocks[$0 + 1]) }
    }
}
