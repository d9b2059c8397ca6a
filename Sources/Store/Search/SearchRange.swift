package import Domain

/// A row's place in the order of times.
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

/// Which part of the ledger a search still has before it, and in which direction it goes.
package struct SearchRange: Sendable {
    let order: AuditOrder
    /// Microseconds; rows at this time or later.
    let since: Int64?
    /// Microseconds; rows before this time.
    let until: Int64?
    /// The row that was given last; nil at the start.
    let after: RowPosition?

    package init(_ filter: AuditFilter, order: AuditOrder, after: RowPosition?) {
        self.order = order
        self.after = after
        since = filter.since?.microseconds
        until = filter.until?.microseconds
    }

    /// `ASC` or `DESC`.
    var direction: String { order == .ascending ? "ASC" : "DESC" }

    /// True if there is a bound on the time.
    package var isBounded: Bool { since != nil || until != nil }

    /// Returns true if `position` is after the last row that was returned, and within the bounds.
    func contains(_ position: RowPosition) -> Bool {
        let isAhead = after.map { order == .ascending ? position > $0 : position < $0 } ?? true
        return isAhead && (since.map { position.time >= $0 } ?? true)
            && (until.map { position.time < $0 } ?? true)
    }

    /// Terms on `time` that say the bounds.
    var bounds: [SearchTerm] { bounds(since: since, until: until) }

    /// Terms on `time` and `seq` for the readings that together, in this order, give what is ahead: the
    /// rest of the rows of the last row's very time, then the others. Neither passes over a row that was
    /// already given.
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
