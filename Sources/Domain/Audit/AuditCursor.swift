/// A place between two rows; a page goes on from the row it names.
///
/// Rows are ordered by time and, where times are equal, by number: the time of a change made
/// elsewhere is its own, so a row written late still stands where it belongs. What a search for words
/// finds is ordered by number alone.
package struct AuditCursor: Hashable, Sendable {
    /// Nil in the order of numbers.
    package let time: Timestamp?
    package let seq: Int64

    package init(time: Timestamp, seq: Int64) {
        self.time = time
        self.seq = seq
    }

    /// A place in the order of numbers.
    package init(seq: Int64) {
        time = nil
        self.seq = seq
    }

    package init(_ record: AuditRecord) { self.init(time: record.time, seq: record.seq) }
}

extension AuditCursor: LosslessStringConvertible {
    /// `<microseconds>.<seq>`, or `s<seq>` in the order of numbers; all decimal. Rows have numbers
    /// from 1; 0 is the place before the first.
    package init?(_ description: String) {
        if description.hasPrefix("s") {
            guard let seq = Int64(description.dropFirst()), seq >= 0 else { return nil }
            self.init(seq: seq)
            return
        }
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let time = Int64(parts[0]), let seq = Int64(parts[1]),
            seq >= 0
        else { return nil }
        self.init(time: Timestamp(microseconds: time), seq: seq)
    }

    package var description: String { time.map { "\($0.microseconds).\(seq)" } ?? "s\(seq)" }
}

/// Which rows come first.
package enum AuditOrder: String, CaseIterable, Sendable {
    case ascending = "asc"
    case descending = "desc"
}
