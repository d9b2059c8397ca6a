import Calico
import Documents
import Domain
import Testing

@Suite("Policies and sets are judged as Calico judges them")
struct PolicyVerdictTests {
    @Test("on every row of the fixture: valid or not, and the stored document")
    func agrees() throws {
        let rows = try Verdicts.rows("policies")
        let differences = try rows.compactMap(difference)
        #expect(rows.count > 2_000)
        #expect(
            differences.count == 0,
            "\(differences.count) differ:\n\(differences.prefix(6).joined(separator: "\n"))")
    }

    /// Returns the difference from Calico's verdict; nil if the verdicts are equal.
    private func difference(_ row: JSONValue) throws -> String? {
        let kind = try #require(ResourceKind(rawValue: row["kind"]?.stringValue ?? ""))
        let document = try #require(row["object"])
        let verdict = CalicoValidator.judge(document, kind: kind)
        guard verdict.isValid == row["valid"]?.boolValue else {
            return "\(text(document))\n  ours: \(verdict.violations)\n  Calico's: "
                + text(row["reasons"] ?? "valid")
        }
        // The texts are compared, so that the order of fields and the form of numbers must be Go's too.
        guard verdict.stored.map(text) == row["stored"].map(text) else {
            return "stored \(text(verdict.stored ?? .null))\n  for \(text(row["stored"] ?? .null))"
        }
        return nil
    }

    @Test("a stored document is valid and is stored unchanged again")
    func storedIsStable() throws {
        for row in try Verdicts.rows("policies") {
            guard let stored = row["stored"],
                let kind = ResourceKind(rawValue: row["kind"]?.stringValue ?? "")
            else { continue }
            #expect(CalicoValidator.judge(stored, kind: kind).stored == stored)
        }
    }

    private func text(_ value: JSONValue) -> String {
        String(decoding: JSONSerializer.bytes(value), as: UTF8.self)
    }
}
