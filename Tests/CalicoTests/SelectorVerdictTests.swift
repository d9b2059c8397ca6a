import Documents
import Domain
import Testing

@Suite("Selectors agree with Calico's parser and evaluator")
struct SelectorVerdictTests {
    @Test("on every row of the fixture: validity, canonical form, match")
    func agrees() throws {
        let rows = try Verdicts.rows("selectors")
        let differences = rows.compactMap(difference)
        #expect(rows.count > 2_000)
        #expect(differences.count == 0, "\(differences.count) differ: \(differences.prefix(5))")
    }

    /// Returns the difference from Calico's verdict; nil if the verdicts are equal.
    private func difference(_ row: JSONValue) -> String? {
        let text = row["selector"]?.stringValue ?? ""
        let isValid = row["valid"]?.boolValue ?? false
        do {
            let selector = try Selector(parsing: text)
            guard isValid else { return "accepted: \(text)" }
            let canonical = row["canonical"]?.stringValue ?? ""
            guard selector.canonical == canonical else { return "\(selector) for \(canonical)" }
            let matches = selector.matches(labels(row))
            return matches == row["match"]?.boolValue ? nil : "match of \(text): \(matches)"
        } catch {
            return isValid ? "refused: \(text): \(error)" : nil
        }
    }

    @Test("a canonical form means what the selector means")
    func canonicalKeepsTheMeaning() throws {
        for row in try Verdicts.rows("selectors") where row["valid"] == true {
            let selector = try Selector(parsing: row["canonical"]?.stringValue ?? "")
            #expect(selector.matches(labels(row)) == row["match"]?.boolValue)
        }
    }

    private func labels(_ row: JSONValue) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (row["labels"]?.objectValue ?? JSONObject()).map {
                ($0.key, $0.value.stringValue ?? "")
            })
    }
}
