/// Whether the ledger can be written.
package enum LedgerHealth: Hashable, Sendable {
    case available
    /// The last write failed for this reason; the next that succeeds, or a probe, makes it available.
    case unavailable(StoreError)

    package var isAvailable: Bool { self == .available }
}

extension StoreError {
    /// Whether the cause lies with the file or its disk, so that any other write would fail too.
    var isOfStorage: Bool {
        switch code {
        case .clusterMismatch, .badSegment, .closed, .overloaded, .unexpected: false
        default: true
        }
    }
}
