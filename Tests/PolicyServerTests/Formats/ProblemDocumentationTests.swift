import Foundation
import PolicyServer
import TestSupport
import Testing

/// Tests that the documentation lists exactly the types of problems that the program has.
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

    /// The source code may write a type as a literal instead of using `ProblemKind`. Such a type must be in the list
    /// too.
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
