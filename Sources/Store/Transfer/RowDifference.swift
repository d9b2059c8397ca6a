import Documents
package import Domain

/// A column in which two rows differ. The rows are about the same change, but are from two ledgers.
package struct RowDifference: Hashable, Sendable {
    /// The name of the column; `row` if one of the two rows does not exist.
    package let name: String
    /// The value of the column in the left row as JSON text; nil if the value is NULL. `right` is the value in the
    /// right row.
    package let left: String?
    package let right: String?
}

extension RowDifference {
    /// Returns the first column, in the order of column names, in which the rows differ; nil if the rows are equal.
    ///
    /// Does not compare three values, because correct ledgers may differ in them: the epoch, the source of an imported
    /// row, and the time of a change that is external or fell into a gap. etcd does not store the time of an external
    /// change or of a change in a gap, so the row has the time at which the server saw the change.
    package static func first(
        _ left: AuditRecord.Draft, _ right: AuditRecord.Draft
    ) -> RowDifference? {
        let left = form(left)
        let right = form(right)
        guard left != right else { return nil }
        let (leftColumns, rightColumns) = (columns(left), columns(right))
        let names = Set(leftColumns.keys).union(rightColumns.keys).sorted()
        for name in names where leftColumns[name] != rightColumns[name] {
            return RowDifference(
                name: name, left: text(leftColumns[name]), right: text(rightColumns[name]))
        }
        return RowDifference(name: "row", left: nil, right: nil)
    }

    private static func form(_ entry: AuditRecord.Draft) -> [UInt8] {
        var entry = entry
        if entry.origin == .external || entry.isAfterGap {
            entry.time = Timestamp(microseconds: 0)
        }
        // Earlier versions recorded a CrossRegionPolicy under Calico's kind. Uses that kind for every
        // CrossRegionPolicy, so that old and new rows can be equal.
        if entry.kind == CrossRegionPolicy.kind { entry.kind = CrossRegionPolicy.storedKind }
        entry.epoch = nil
        entry.sourceLedger = nil
        entry.sourceSeq = nil
        entry.sourceHash = nil
        return AuditRecord.canonicalForm(seq: 0, entry: entry, previousHash: .zero)
    }

    private static func columns(_ form: [UInt8]) -> [String: JSONValue] {
        let object = (try? JSONParser.parse(form))?.objectValue
        return Dictionary((object?.members ?? []).map { ($0.key, $0.value) }) { first, _ in first }
    }

    private static func text(_ value: JSONValue?) -> String? {
        value.map { String(decoding: JSONSerializer.bytes($0), as: UTF8.self) }
    }
}
