/// A point on the axis of history: an etcd revision, and which etcd it is a revision of.
package struct HistoryPlace: Hashable, Sendable {
    /// See `AuditRecord.Draft.epoch`.
    package var epoch: Int64
    package var revision: Int64

    package init(epoch: Int64, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    /// Before every place there can be.
    package static let start = HistoryPlace(epoch: .min, revision: .min)

    /// Later than every place there can be.
    package static let end = HistoryPlace(epoch: .max, revision: .max)

    /// The place that only what was made at this one separates from it.
    package var predecessor: HistoryPlace { HistoryPlace(epoch: epoch, revision: revision - 1) }
}

extension HistoryPlace: Comparable {
    package static func < (lhs: HistoryPlace, rhs: HistoryPlace) -> Bool {
        (lhs.epoch, lhs.revision) < (rhs.epoch, rhs.revision)
    }
}

extension HistoryPlace: LosslessStringConvertible {
    /// `<epoch>.<revision>`, both decimal; imported rows may be of epochs before 1.
    package init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Int64(parts[0]), let revision = Int64(parts[1]),
            revision >= 0
        else { return nil }
        self.init(epoch: epoch, revision: revision)
        guard self.description == description else { return nil }
    }

    package var description: String { "\(epoch).\(revision)" }
}
