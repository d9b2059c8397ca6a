package import Domain

/// Which objects a list shows.
package struct ListQuery: Sendable {
    package enum Collection: Sendable, Equatable {
        case regions
        /// Of one region, or of all when nil.
        case subnets(region: String?)
        case policies
        case regionPolicies(region: String)
    }

    package var collection: Collection
    /// Labels an object must carry, each `key` and its `value`.
    package var labels: [(key: String, value: String)]
    /// Subnets that share an address with this block.
    package var overlaps: CIDR?
    /// Subnets that contain this whole block or address.
    package var contains: CIDR?
    /// Subnets that lie inside this block.
    package var within: CIDR?
    /// Objects after this position, as an earlier page gave it; nil from the start.
    package var after: String?
    /// 1...1000.
    package var limit: Int

    package init(
        collection: Collection, labels: [(key: String, value: String)] = [],
        overlaps: CIDR? = nil, contains: CIDR? = nil, within: CIDR? = nil,
        after: String? = nil, limit: Int = 100
    ) {
        self.collection = collection
        self.labels = labels
        self.overlaps = overlaps
        self.contains = contains
        self.within = within
        self.after = after
        self.limit = limit
    }
}

/// One page of a list, in the order of the objects' keys.
package struct ListPage: Sendable {
    package var items: [ObjectView]
    /// Where the next page starts; nil on the last.
    package var next: String?
    /// What is wrong with stored values of the page, those that it leaves out included; of a filtered list
    /// only with those shown. At most `ObjectFinding.maximumListed`; empty for the past.
    package var findings: [ObjectFinding] = []
}

/// What became of a change, as `GET /v1/changes/{id}` answers.
package struct ChangeStatus: Sendable {
    package enum State: String, Sendable {
        case accepted
        /// Known not to have been applied, and never will be.
        case aborted
    }

    package var id: ChangeID
    package var state: State
    /// etcd revision of the transaction; nil when aborted.
    package var revision: Int64?
    package var journal: JournalEntry
}

extension ChangeStatus {
    /// From the ledger, for a change whose journal entry has expired; nil for a row of no change.
    init?(id: ChangeID, row: AuditRecord) {
        guard let revision = row.revision else { return nil }
        var context = ChangeContext(
            actor: row.actor, clientAddress: row.clientAddress, requestID: row.requestID ?? "",
            reason: row.reason)
        context.ticket = row.ticket
        self.init(
            id: id, state: .accepted, revision: revision,
            journal: JournalEntry(
                isAccepted: true, time: row.time.rfc3339, context: context,
                verb: row.verb == .delete ? "delete" : "put", kind: row.kind, name: row.name,
                region: row.region, result: ChangeVerb(row.verb), keys: [], verbs: [],
                fingerprint: nil))
    }
}

/// Whether each part that a write needs is in order.
package struct ControlPlaneHealth: Sendable {
    /// One part: in order, or what is wrong with it.
    package struct Part: Sendable {
        package var isHealthy: Bool
        package var detail: String
    }

    package var etcd: Part
    package var ledger: Part
    package var mirror: Part
    /// Stored values that are not what they look like; they leave the server ready.
    package var stored: FindingSummary
    /// The last etcd revision that this server's reads show.
    package var appliedRevision: Int64
    /// The last etcd revision whose changes are in the ledger.
    package var auditedRevision: Int64

    package var isReady: Bool { etcd.isHealthy && ledger.isHealthy && mirror.isHealthy }
}
