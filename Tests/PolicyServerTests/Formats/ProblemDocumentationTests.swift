import Foundation
import PolicyServer
import TestSupport
import Testing

/// Every type of problem that there is is documented, and no other.
struct ProblemDocumentationTests {
    @Test func `docs/api.md has every type of problem in its table, and no other`() throws {
        let rows = try Repository.text("docs/api.md").split(separator: "\n")
            .filter { $0.hasPrefix("| `") }
        let documented = Set(rows.flatMap { Self.types(String($0)) })
        #expect(documented.subtracting(ProblemKind.names) == [], "documented, but does not exist")
        #expect(Set(ProblemKind.names).subtracting(documented) == [], "not documented")
    }

    @Test func `openapi.yaml names every type of problem, and no other`() throws {
        let documented = Set(Self.types(try Repository.text("openapi.yaml")))
        #expect(documented.subtracting(ProblemKind.names) == [], "documented, but does not exist")
        #expect(Set(ProblemKind.names).subtracting(documented) == [], "not documented")
    }

    /// A type that is written out in the program, rather than made from its table.
    @Test func `the program writes no problem type that is missing from its list`() throws {
        let sources = Repository.root.appendingPathComponent("Sources")
        let files = try #require(
            FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        for case let file as URL in files where file.pathExtension == "swift" {
            for type in Self.types(try String(contentsOf: file, encoding: .utf8)) {
                #expect(ProblemKind.names.contains(type), "\(type) in \(file.lastPathComponent)")
            }
        }
    }

    private static func types(_ text: String) -> [String] {
        text.matches(of: /\/problems\/([a-z][a-z-]*)/).map { String($0.output.1) }
    }
}
