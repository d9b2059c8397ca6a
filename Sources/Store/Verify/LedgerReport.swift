/// A place where the ledger is not what was written.
package struct LedgerFinding: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Just this row is not what was written.
        case row
        /// The rows are not there.
        case missing
        /// At least one of the rows is not what was written; nothing in the file says which.
        case range
    }

    package let kind: Kind
    /// Number of the first row it is about.
    package let seq: Int64
    /// Number of the last row; equal to `seq` for a finding about one row.
    package let last: Int64
    /// The text that follows `row N: `.
    package let reason: String

    init(_ kind: Kind, _ rows: ClosedRange<Int64>, _ reason: String) {
        self.kind = kind
        self.reason = reason
        (seq, last) = (rows.lowerBound, rows.upperBound)
    }

    init(row seq: Int64, _ reason: String) { self.init(.row, seq...seq, reason) }
}

extension LedgerReport {
    /// Returns true if a checkpoint of ledger `other` was signed with one of this ledger's keys or one of `keys`,
    /// or if rows say that this ledger took its place. Adds a finding in that case.
    package mutating func noteReplaced(
        _ other: String, by signed: SignedCheckpoint, keys: [VerifierKey]
    ) -> Bool {
        let isOnRecord = predecessors.contains(other)
        let isSigned = (self.keys + keys).contains { signed.note.isSigned(withKeyOf: $0) }
        guard isOnRecord || isSigned else { return false }
        findings.append(
            LedgerFinding(
                .range, 1...max(1, size),
                "they took the place of ledger \(other), of whose \(signed.checkpoint.size) rows "
                    + "etcd holds a checkpoint"
                    + (isOnRecord ? " (a row Ledger predecessor says so)" : "")))
        return true
    }
}

extension LedgerFinding: CustomStringConvertible {
    package var description: String {
        switch kind {
        case .missing where seq == last: "row \(seq) is missing\(reason)"
        case .missing: "rows \(seq)..\(last) are missing\(reason)"
        case _ where seq == last: "row \(seq): \(reason)"
        default: "rows \(seq)..\(last): \(reason)"
        }
    }
}

extension LedgerFinding: Comparable {
    /// In the order of what is certain first: all rows before a single row are in order as far as can be
    /// seen, while the fault in a range may be in any row up to its last.
    package static func < (lhs: LedgerFinding, rhs: LedgerFinding) -> Bool {
        (lhs.position, lhs.rank, lhs.seq) < (rhs.position, rhs.rank, rhs.seq)
    }

    private var position: Int64 { kind == .range ? last : seq }

    private var rank: Int { kind == .missing ? 0 : kind == .row ? 1 : 2 }
}

/// The result of a verification.
package struct LedgerReport: Hashable, Sendable {
    /// See `AuditLedger.identity`.
    package var ledger: String
    /// Number of the last row.
    package var size: Int64
    /// Root of the Merkle tree over all rows; nil when it could not be computed.
    package var root: String?
    /// Rows whose content was pruned, of which only the hash was checked.
    package var pruned: Int64
    /// Checkpoints that the file holds.
    package var checkpoints: Int
    /// The signing keys that rows name, oldest first.
    package var keys: [VerifierKey]
    /// Ledgers whose place this one says to have taken, by id.
    package var predecessors: [String]
    /// In order; the first is the first bad place. Empty when all is as it was written.
    package var findings: [LedgerFinding]
}

/// A checkpoint that was kept outside of the ledger's file, to hold the file against.
package struct OutsideCheckpoint: Hashable, Sendable {
    /// Where it comes from, such as `etcd`.
    package var source: String
    package var signed: SignedCheckpoint

    package init(source: String, signed: SignedCheckpoint) {
        self.source = source
        self.signed = signed
    }
}
