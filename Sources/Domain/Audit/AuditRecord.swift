package import Documents

/// A row of the audit ledger: a change in etcd, a request that was refused or failed, or an event of the server.
///
/// `entry` is the part that the writer of the row provides. The members of `entry` can be read from the row directly,
/// such as `record.actor`.
@dynamicMemberLookup
package struct AuditRecord: Hashable, Sendable {
    /// The number of the row in this server's ledger: 1, 2, 3 … without gaps.
    package internal(set) var seq: Int64
    package internal(set) var entry: Draft
    /// The hash of the previous row; 32 zero bytes in the first row.
    package internal(set) var previousHash: AuditHash
    /// The SHA-256 of `canonicalForm`.
    package internal(set) var hash: AuditHash

    package init(seq: Int64, entry: Draft, previousHash: AuditHash, hash: AuditHash) {
        self.seq = seq
        self.entry = entry
        self.previousHash = previousHash
        self.hash = hash
    }

    package subscript<Value>(dynamicMember path: KeyPath<Draft, Value>) -> Value {
        entry[keyPath: path]
    }
}

extension AuditRecord {
    /// The part of a row that its writer provides. The ledger adds the number and the hashes.
    package struct Draft: Hashable, Sendable {
        /// The time of the change; if it is not known, the time at which this server saw the change.
        package var time: Timestamp
        package var origin: Origin
        /// The name of the principal that sent the request, or `anonymous@<address>` for a client that gave no name.
        /// The name is `unknown` for another writer of etcd, and `policy-server` for this server.
        package var actor: String
        package var verb: Verb
        /// The kind of the object, as Calico or this server names it, such as `GlobalNetworkPolicy` or `Region`.
        package var kind: String
        package var name: String
        package var outcome: Outcome

        /// The region of the object; nil if the object belongs to no region.
        package var region: String?
        /// The etcd revision of the change; nil for requests that never reached etcd.
        package var revision: Int64?
        /// The etcd cluster id, 16 lower-case hex digits.
        package var clusterID: String?
        package var changeID: String?
        /// The method by which the actor proved its name, a raw value of `AuthenticationMethod`; nil if there was no
        /// HTTP request.
        package var authentication: String?
        /// The actor's roles, as a JSON array of strings; nil for none.
        package var roles: String?
        package var clientAddress: String?
        package var userAgent: String?
        package var requestID: String?
        /// The `traceparent` of the request (W3C Trace Context section 3.2).
        package var traceParent: String?
        /// The SHA-256 of the Idempotency-Key, 64 lower-case hex digits. Only the client knows the key.
        package var idempotencyKeyHash: String?
        /// The reason for the change, given by the client.
        package var reason: String?
        /// The ticket that requests the change, given by the client.
        package var ticket: String?
        /// JSON text. For a change that a second person confirmed: both persons, their reasons, and the plan's digest.
        /// For a break-glass change: the mark `breakGlass` and the plan's digest. Nil for any other change.
        package var approval: String?
        /// The changed etcd key; nil for requests that never reached etcd.
        package var key: String?
        /// The epoch of the revision. The first epoch is 1, and a new one begins when etcd is replaced or restored. The
        /// ledger sets the epoch of every row that has a revision. Within an epoch, revisions only rise.
        package var epoch: Int64?
        /// The networks in the object before and after the change, as a JSON array of strings in canonical form and
        /// ascending order; nil if there are none.
        package var cidrs: String?
        /// The name of the problem type in the answer to the client, such as `overlap`.
        package var problem: String?
        /// True for a dry run that was refused or failed.
        package var isDryRun = false
        /// The warnings in the answer to the client, as a JSON array of `{pointer, rule, message}`; nil if
        /// there are none.
        package var warnings: String?
        /// The ledger from which this row was imported; nil for a row that was not imported.
        package var sourceLedger: String?
        /// The number of the row in `sourceLedger`.
        package var sourceSeq: Int64?
        /// The hash of the row in `sourceLedger`.
        package var sourceHash: String?
        /// The HTTP status of the answer to the client; nil if there was no request.
        package var status: Int?
        /// JSON text: the reason for a refusal (problem type, rule ids), or the details of any other row.
        package var detail: String?
        /// True if the change was found by comparing two states of etcd, because the history between them was lost.
        package var isAfterGap = false
        /// The object before the change as canonical JSON (RFC 8785); nil if the object did not exist.
        package var before: String?
        /// The object after the change as canonical JSON (RFC 8785); nil if the object no longer exists.
        package var after: String?

        package init(
            time: Timestamp, origin: Origin, actor: String, verb: Verb, kind: String, name: String,
            region: String? = nil, outcome: Outcome = .accepted
        ) {
            self.time = time
            self.origin = origin
            self.actor = actor
            self.verb = verb
            self.kind = kind
            self.name = name
            self.region = region
            self.outcome = outcome
        }
    }

    /// The source of a change.
    package enum Origin: String, CaseIterable, Sendable {
        /// A request to a server of this product.
        case api
        /// Another writer of the same etcd: calicoctl, Neutron, etcdctl.
        case external
        /// This server.
        case system
    }

    /// The action that was taken or tried.
    package enum Verb: String, CaseIterable, Sendable {
        case create, update, delete
        /// An event that no single write explains, such as a gap in etcd's history.
        case observe
        /// A read of the audit log.
        case read
    }

    /// The result of the action.
    package enum Outcome: String, CaseIterable, Sendable {
        case accepted
        /// The request broke a rule. Nothing was written.
        case refused
        /// The request was valid but could not be carried out.
        case failed
    }
}

extension AuditRecord.Draft {
    /// The actor of rows about this server.
    package static let ownActor = "policy-server"

    /// Returns a row about this server, for example about the ledger, a signing key or a gap.
    package static func own(
        _ verb: AuditRecord.Verb, _ kind: AuditKind, _ name: String, detail: JSONValue? = nil,
        at time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: ownActor, verb: verb, kind: kind.rawValue,
            name: name)
        row.detail = detail.map(JSONSerializer.canonicalText)
        return row
    }
}

/// All kinds of rows in the ledger. The answer to a search for an unknown kind lists these kinds.
package enum AuditKind: String, CaseIterable, Sendable {
    case region = "Region"
    case subnet = "Subnet"
    /// A search for this kind also finds the changes of a CrossRegionPolicy that earlier versions recorded as
    /// `GlobalNetworkPolicy`.
    case crossRegionPolicy = "CrossRegionPolicy"
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case networkPolicy = "NetworkPolicy"
    case globalNetworkSet = "GlobalNetworkSet"
    case networkSet = "NetworkSet"
    case tier = "Tier"
    case clusterInformation = "ClusterInformation"
    /// Events of the ledger: gaps, dropped or pruned rows, and imports.
    case ledger = "Ledger"
    /// Reads of the audit log.
    case auditLog = "AuditLog"
    case legalHold = "LegalHold"
    case signingKey = "SigningKey"
    /// Requests that were refused because of the actor or the authentication.
    case authentication = "Authentication"
    /// Manifests that were refused as a whole.
    case manifest = "Stream"
    /// Changes that wait, or waited, for a second person.
    case pendingChange = "PendingChange"
    /// Writes that were refused before a handler read them, and whose path does not name one object, such as
    /// `/v1/apply`.
    case request = "Request"
}

/// A SHA-256 value of the ledger's hash chain: 32 bytes, shown as 64 lower-case hex digits.
package struct AuditHash: Hashable, Sendable {
    package static let byteCount = 32
    /// The `previousHash` of the first row.
    package static let zero = AuditHash(uncheckedBytes: [UInt8](repeating: 0, count: byteCount))

    package let bytes: [UInt8]

    /// Returns nil if `bytes` does not have exactly 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    private init(uncheckedBytes bytes: [UInt8]) { self.bytes = bytes }
}

extension AuditHash: CustomStringConvertible {
    package var description: String { Hex.text(bytes) }
}
