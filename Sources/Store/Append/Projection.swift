package import Domain

/// The rows and object changes of one etcd revision.
package struct Projection: Hashable, Sendable {
    /// The etcd revision. The ledger takes each revision once, in rising order.
    package var revision: Int64
    package var rows: [AuditRecord.Draft]
    package var objects: [ObjectChange]
    /// True if the server may have missed changes before `revision`. Then a new range of known history begins at
    /// `revision`.
    package var isAfterGap: Bool

    package init(
        revision: Int64, rows: [AuditRecord.Draft] = [], objects: [ObjectChange] = [],
        isAfterGap: Bool = false
    ) {
        self.revision = revision
        self.rows = rows
        self.objects = objects
        self.isAfterGap = isAfterGap
    }
}

extension Projection {
    /// An estimate of the projection's size in memory, in bytes.
    package var memoryBytes: Int {
        rows.reduce(128) { $0 + $1.memoryBytes } + objects.reduce(0) { $0 + $1.memoryBytes }
    }
}

extension AuditRecord.Draft {
    /// An estimate of the row's size in memory, in bytes. The estimate is the size of the strings that can be long,
    /// plus 1 KiB for all other columns.
    package var memoryBytes: Int {
        [before, after, cidrs, warnings, detail, reason, key, userAgent].reduce(1_024) {
            $0 + ($1?.utf8.count ?? 0)
        }
    }
}

extension ObjectChange {
    fileprivate var memoryBytes: Int {
        switch self {
        case .put(let object): 256 + object.value.utf8.count
        case .delete(let key): 64 + key.utf8.count
        }
    }
}

/// A change to the last-known value of an audited key.
package enum ObjectChange: Hashable, Sendable {
    case put(AuditedObject)
    case delete(key: String)
}

/// The last-known value of one audited etcd key.
package struct AuditedObject: Hashable, Sendable {
    package var key: String
    package var kind: String
    package var name: String
    package var region: String?
    package var modRevision: Int64
    /// The value as JSON text.
    package var value: String

    package init(
        key: String, kind: String, name: String, region: String? = nil, modRevision: Int64,
        value: String
    ) {
        self.key = key
        self.kind = kind
        self.name = name
        self.region = region
        self.modRevision = modRevision
        self.value = value
    }
}

/// The etcd cluster that the ledger follows, and the last revision that the ledger has recorded.
package struct Progress: Hashable, Sendable {
    /// The id of the cluster, 16 lower-case hex digits.
    package var clusterID: String
    /// The etcd revision up to which the ledger has every change; 0 if the ledger has no changes yet.
    package var revision: Int64

    package init(clusterID: String, revision: Int64) {
        self.clusterID = clusterID
        self.revision = revision
    }
}
