package import Domain
package import Store

/// A point in the past as a client names it.
package enum HistoryPoint: Sendable, Equatable {
    /// An etcd revision of the newest epoch.
    case revision(Int64)
    case time(Timestamp)
    /// A place that an earlier answer found, such as the page before.
    case place(HistoryPlace)
    /// The newest that there is.
    case newest
}

extension HistoryPoint {
    /// A revision in decimal, or a time as `Timestamp.init(asked:now:)` reads it; nil for anything else.
    package init?(_ text: String, now: Timestamp = SystemClock.now()) {
        if let revision = Int64(text), String(revision) == text, revision >= 0 {
            self = .revision(revision)
        } else if let time = Timestamp(asked: text, now: now) {
            self = .time(time)
        } else {
            return nil
        }
    }
}

/// Which state a read shows.
package enum PointInTime: Sendable, Equatable {
    case now
    case past(KnownPlace)

    /// The place in the past; nil for now.
    package var past: KnownPlace? { if case .past(let known) = self { known } else { nil } }
}
