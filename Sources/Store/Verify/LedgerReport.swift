/// A part of the ledger that was changed after it was written.
package struct LedgerFinding: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The finding is about one row, which was changed after it was written.
        case row
        /// The finding is about missing rows.
        case missing
        /// The finding is about several rows. At least one of them was changed after it was written. The file does not
        /// show which one.
        case range
    }

    package let kind: Kind
    /// The number of the first row of the finding.
    package let seq: Int64
    /// The number of the last row of the finding; equal to `seq` for a finding about one row.
    package let last: Int64
    /// The text that follows `row N: ` in the description; for a finding of kind `missing`, the text that follows
    /// `row N is missing`.
    package let reason: String

    init(_ kind: Kind, _ rows: ClosedRange<Int64>, _ reason: String) {
        self.kind = kind
        self.reason = reason
        (seq, last) = (rows.lowerBound, rows.upperBound)
    }

    init(row seq: Int64, _ reason: String) { self.init(.row, seq...seq, reason) }
}

extension LedgerReport {
    /// If this ledger has replaced ledger `other`, adds a finding and returns true. Either of two things proves the
    /// replacement: a row of this ledger that names `other`, or a checkpoint of `other` that one of this ledger's keys
    /// has signed.
    ///
    /// - Parameters:
    ///   - signed: The checkpoint of `other`.
    ///   - keys: Further keys of this ledger.
    package mutating func noteReplaced(
        _ other: String, by signed: SignedCheckpoint, keys: [VerifierKey]
    ) -> Bool {
        let isOnRecord = predecessors.contains(other)
        let isSigned = (self.keys + keys).contains { signed.note.isSigned(withKeyOf: $0) }
        guard isOnRecord || isSigned else { return false }
        findings.append(
            LedgerFinding(
                .range, 1...max(1, size),
                "they replaced ledger \(other), of which etcd holds a checkpoint of "
                    + "\(signed.checkpoint.size) rows"
                    + (isOnRecord
                        ? " (recorded in a row of kind 'Ledger' with the name 'predecessor')" : ""))
        )
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
    /// Orders a finding of kind `range` by its last row, because the fault may be in any row of the range. Orders
    /// other findings by their first row, because the fault begins there.
    package static func < (lhs: LedgerFinding, rhs: LedgerFinding) -> Bool {
        (lhs.position, lhs.rank, lhs.seq) < (rhs.position, rhs.rank, rhs.seq)
    }

    private var position: Int64 { kind == .range ? last : seq }

    private var rank: Int { kind == .missing ? 0 : kind == .row ? 1 : 2 }
}

/// The result of a verification.
package struct LedgerReport: Hashable, Sendable {
    /// The id of the ledger; see `AuditLedger.identity`.
    package var ledger: String
    /// The number of the last row.
    package var size: Int64
    /// The root of the Merkle tree over all rows; nil if it could not be computed.
    package var root: String?
    /// The number of pruned rows. Only the hashes of pruned rows were checked.
    package var pruned: Int64
    /// The number of checkpoints in the file.
    package var checkpoints: Int
    /// The signing keys named by rows, oldest first.
    package var keys: [VerifierKey]
    /// The ids of the ledgers that this ledger has replaced according to its rows.
    package var predecessors: [String]
    /// The findings, ordered by position. Empty if nothing was changed after it was written.
    package var findings: [LedgerFinding]
}

/// A checkpoint that was kept outside of the ledger's file. Verification compares the file with it.
package struct OutsideCheckpoint: Hashable, Sendable {
    /// The place where the checkpoint was kept, such as `etcd`.
    package var source: String
    package var signed: SignedCheckpoint

    package init(source: String, signed: SignedCheckpoint) {
        self.source = source
        self.signed = signed
    }
}
