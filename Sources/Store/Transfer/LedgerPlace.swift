/// A point on the axis of etcd's history: within an epoch revisions rise, and epochs follow each other.
package struct LedgerPlace: Hashable, Comparable, Sendable {
    /// See `AuditRecord.Draft.epoch`.
    package var epoch: Int64
    package var revision: Int64

    package init(epoch: Int64, revision: Int64) {
        self.epoch = epoch
        self.revision = revision
    }

    package static func < (lhs: LedgerPlace, rhs: LedgerPlace) -> Bool {
        (lhs.epoch, lhs.revision) < (rhs.epoch, rhs.revision)
    }
}

extension LedgerPlace: CustomStringConvertible {
    /// `EPOCH.REVISION`
    package var description: String { "\(epoch).\(revision)" }

    /// Reads what `description` writes.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Int64(parts[0]), let revision = Int64(parts[1]) else {
            return nil
        }
        self.init(epoch: epoch, revision: revision)
    }
}

extension Coverage {
    /// Whether every change of the revision at `place` is known.
    package func holds(_ place: LedgerPlace) -> Bool {
        place.epoch == epoch && place.revision > first && place.revision <= last
    }
}
