package import Domain

/// A row's position in the order of time.
package struct RowPosition: Comparable, Sendable {
    package var time: Int64
    package var seq: Int64

    package init(time: Int64, seq: Int64) {
        self.time = time
        self.seq = seq
    }

    package static func < (lhs: RowPosition, rhs: RowPosition) -> Bool {
        (lhs.time, lhs.seq) < (rhs.time, rhs.seq)
    }
}

/// The part of the ledger that a search still has to read, and the direction of the search.
package struct SearchRange: Sendable {
    let order: AuditOrder
    /// The start of the time range, inclusive, in microseconds.
    let since: Int64?
    /// The end of the time range, exclusive, in microseconds.
    let until: Int64?
    /// The position of the last row that was returned; nil at the start of a search.
    let after: RowPosition?

    package init(_ filter: AuditFilter, order: AuditOrder, after: RowPosition?) {
        self.order = order
        self.after = after
        since = filter.since?.microseconds
        until = filter.until?.microseconds
    }

    /// The SQL keyword `ASC` or `DESC`.
    var direction: String { order == .ascending ? "ASC" : "DESC" }

    /// True if the time range has a start or an end.
    package var isBounded: Bool { since != nil || until != nil }

    /// Returns true if `position` comes after the last row that was returned, in the direction of the search, and is
    /// within the time range.
    func contains(_ position: RowPosition) -> Bool {
        let isAhead = after.map { order == .ascending ? position > $0 : position < $0 } ?? true
        return isAhead && (since.map { position.time >= $0 } ?? true)
            && (until.map { position.time < $0 } ?? true)
    }

    /// The start and the end of the time range as terms on `time`.
    var bounds: [SearchTerm] { bounds(since: since, until: until) }

    /// The terms on `time` and `seq` for one or two statements, in the order in which to run them. If `after` is
    /// not nil, the first statement reads the remaining rows with the same time as `after`, and the second
    /// statement reads the remaining rows with other times.
    var parts: [[SearchTerm]] {
        guard let after else { return [bounds] }
        let isAscending = order == .ascending
        var parts: [[SearchTerm]] = []
        if since.map({ after.time >= $0 }) ?? true, until.map({ after.time < $0 }) ?? true {
            parts.append([
                SearchTerm("time = ?", [after.time]),
                SearchTerm(isAscending ? "seq > ?" : "seq < ?", [after.seq]),
            ])
        }
        if !isAscending {
            parts.append(bounds(since: since, until: min(until ?? .max, after.time)))
        } else if after.time < .max {
            parts.append(bounds(since: max(since ?? .min, after.time + 1), until: until))
        }
        return parts
    }

    private func bounds(since: Int64?, until: Int64?) -> [SearchTerm] {
        var terms: [SearchTerm] = []
        if let since { terms.append(SearchTerm("time >= ?", [since])) }
        if let until { terms.append(SearchTerm("time < ?", [until])) }
        return terms
    }
}
