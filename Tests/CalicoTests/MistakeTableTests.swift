import Calico
import Documents
import Domain
import Foundation
import Testing

/// Compares every row of `docs/mistakes.md` with the server's answer.
@Suite("docs/mistakes.md")
struct MistakeTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let mistake: String
        let kind: String
        let text: String
        let pointer: String
        /// `line:column`; nil for a warning.
        let place: String?
        let rule: String
        let message: String

        var testDescription: String { mistake }

        /// Returns nil for a line that is not a row of the table.
        init?(_ line: Substring) {
            let cells = line.split(separator: " | ", omittingEmptySubsequences: false)
            guard cells.count == 5, cells[0].hasPrefix("| "), cells[2].hasPrefix("`") else {
                return nil
            }
            mistake = String(cells[0].dropFirst(2))
            kind = String(cells[1])
            text = String(cells[2].dropFirst().dropLast())
            let place = cells[3].split(separator: "`, ")
            pointer = place[0].filter { $0 != "`" }
            self.place = place.count > 1 ? String(place[1]) : nil
            let answer = cells[4].dropFirst().split(separator: "`: ", maxSplits: 1)
            guard answer.count == 2, answer[1].hasSuffix(" |") else { return nil }
            rule = String(answer[0])
            message = String(answer[1].dropLast(2))
        }

        /// The body that the page describes for the row.
        var body: String {
            switch kind {
            case "spec":
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: web}\n"
                    + "spec:\n  \(text)\n"
            case "between": "kind: CrossRegionPolicy\nmetadata: {name: web}\nspec:\n  \(text)\n"
            default: text + "\n"
            }
        }
    }

    static let rows: [Row] = {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/mistakes.md")
        let text = (try? String(contentsOf: page, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap(Row.init)
    }()

    @Test("has at least forty rows") func count() { #expect(Self.rows.count >= 40) }

    @Test("shows the actual answers", arguments: rows)
    func row(row: Row) throws {
        let bytes = Array(row.body.utf8)
        let found = Self.violations(row.kind, bytes)
        let violation = try #require(
            found.first { $0.rule.name == row.rule }, "found \(found.map(\.rule))")
        #expect(violation.pointer == row.pointer)
        #expect(violation.message == row.message)
        guard let place = row.place else { return }
        let position =
            Self.unreadable(bytes)?.position
            ?? DocumentLocator.positions(of: [violation.pointer], in: bytes)[0]
        #expect(position.map { "\($0.line):\($0.column)" } == place)
    }

    /// Returns the error for bytes that are not a document; otherwise nil.
    private static func unreadable(_ bytes: [UInt8]) -> DocumentError? {
        do throws(DocumentError) {
            _ = try YAMLParser.parse(bytes)
            return nil
        } catch {
            return error
        }
    }

    private static func violations(_ kind: String, _ bytes: [UInt8]) -> ViolationList {
        if let error = unreadable(bytes) {
            return [Violation(pointer: error.pointer, rule: error.rule, message: error.message)]
        }
        guard let document = try? YAMLParser.parse(bytes) else { return [] }
        switch kind {
        case "region": return Region.decode(document, name: "west").violations
        case "subnet": return Subnet.decode(document, region: "west", name: "web").violations
        case "between":
            let decoded = CrossRegionPolicy.decode(document, name: "web")
            guard let policy = decoded.value else { return decoded.violations }
            return decoded.violations
                + CrossRegionCompiler.references(policy).violations(
                    hasRegion: ["west", "east"].contains, hasSubnet: { _ in false })
        default:
            let verdict = CalicoValidator.judge(document, kind: .globalNetworkPolicy)
            guard let stored = verdict.stored else { return verdict.violations }
            return PolicyLinter.lint(written: document, kind: .globalNetworkPolicy)
                + PolicyLinter.lint(stored, knownRegions: ["west", "east"])
        }
    }
}
