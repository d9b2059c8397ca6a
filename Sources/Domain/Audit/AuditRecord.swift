package import Documents

/// One row of the audit ledger: a change that etcd shows, or an attempt that was refused or failed.
///
/// The writer's part is in `entry`; its members can be read directly: `record.actor`.
@dynamicMemberLookup
package struct AuditRecord: Hashable, Sendable {
    /// Position in this server's ledger: 1, 2, 3 … without holes.
    package internal(set) var seq: Int64
    package internal(set) var entry: Draft
    /// `hash` of the row before; 32 zero bytes in the first row.
    package internal(set) var previousHash: AuditHash
    /// SHA-256 of `canonicalForm`.
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
    /// Everything about a row that its writer knows; the ledger adds the number and the hashes.
    package struct Draft: Hashable, Sendable {
        /// When it happened: the change's own time where it is known, else when this server saw it.
        package var time: Timestamp
        package var origin: Origin
        /// The principal, such as `anonymous@192.0.2.7`, or what is known of an outside writer.
        package var actor: String
        package var verb: Verb
        /// The kind of object in Calico's or this server's words: `Region`, `GlobalNetworkPolicy`.
        package var kind: String
        package var name: String
        package var outcome: Outcome

        /// The region the object belongs to; nil for what belongs to none.
        package var region: String?
        /// etcd mod revision that made the change; nil for attempts that never reached etcd.
        package var revision: Int64?
        /// etcd cluster id, 16 lower-case hex digits.
        package var clusterID: String?
        package var changeID: String?
        /// The proof of the actor's identity: `none` (not given), `asserted` (taken from `X-Actor`); nil for
        /// what was not asked for over HTTP.
        package var authentication: String?
        /// The actor's roles, as a JSON array of strings; nil for none.
        package var roles: String?
        package var clientAddress: String?
        package var userAgent: String?
        package var requestID: String?
        /// `traceparent` of the request (W3C Trace Context section 3.2).
        package var traceParent: String?
        /// SHA-256 of the Idempotency-Key, 64 lower-case hex digits: the key itself is the client's.
        package var idempotencyKeyHash: String?
        /// Why, as the client said.
        package var reason: String?
        /// The ticket that asks for the change, as the client said.
        package var ticket: String?
        /// The etcd key that was changed; nil for attempts that never reached etcd.
        package var key: String?
        /// The number of times etcd had been replaced or restored when this was written, from 1; the ledger sets it
        /// on rows that have a revision. Within an epoch, revisions only rise.
        package var epoch: Int64?
        /// Networks in the object before and after, canonical and ascending, as a JSON array of strings;
        /// nil for none.
        package var cidrs: String?
        /// Name of the problem type that the client was given, such as `overlap`.
        package var problem: String?
        /// True for an attempt that asked for a plan only.
        package var isDryRun = false
        /// The warnings that the client was given, as a JSON array of `{pointer, rule, message}`; nil for none.
        package var warnings: String?
        /// The ledger that this row was imported from; nil for a row of this ledger's own.
        package var sourceLedger: String?
        /// Number and hash of the row in that ledger.
        package var sourceSeq: Int64?
        package var sourceHash: String?
        /// HTTP status the client was given; nil when there was no request.
        package var status: Int?
        /// JSON text with what was wrong (problem type, rule ids) about an attempt that was not accepted.
        package var detail: String?
        /// True when the change was found by comparison after etcd's history had been lost.
        package var isAfterGap = false
        /// The object before the change as canonical JSON (RFC 8785); nil when it did not exist.
        package var before: String?
        /// The object after the change as canonical JSON (RFC 8785); nil when it no longer exists.
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

    /// Where a change came from.
    package enum Origin: String, CaseIterable, Sendable {
        /// A request to a server of this product.
        case api
        /// Another writer of the same etcd: calicoctl, Neutron, etcdctl.
        case external
        /// This product on its own account.
        case system
    }

    /// The action that was taken or tried.
    package enum Verb: String, CaseIterable, Sendable {
        case create, update, delete
        /// Something was seen that no single write explains, such as a gap in etcd's history.
        case observe
        /// The audit log was read.
        case read
    }

    /// The result of the action.
    package enum Outcome: String, CaseIterable, Sendable {
        case accepted
        /// The request broke a rule; nothing was written.
        case refused
        /// The request was in order but could not be carried out.
        case failed
    }
}

extension AuditRecord.Draft {
    /// The actor of the rows that this program writes on its own account.
    package static let ownActor = "policy-server"

    /// Returns a row that this program writes on its own account: about the ledger, its keys or gaps.
    package static func own(
        _ verb: AuditRecord.Verb, _ kind: AuditKind, _ name: String, detail: JSONValue? = nil,
        at time: Timestamp
    ) -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: time, origin: .system, actor: ownActor, verb: verb, kind: kind.rawValue,
            name: name)
        row.detail = detail.map { String(decoding: JSONSerializer.canonical($0), as: UTF8.self) }
        return row
    }
}

/// The kinds that rows of the ledger have: the one list, which a search for any other kind is told.
package enum AuditKind: String, CaseIterable, Sendable {
    case region = "Region"
    case subnet = "Subnet"
    /// Also finds rows that earlier versions recorded under Calico's kind.
    case crossRegionPolicy = "CrossRegionPolicy"
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case networkPolicy = "NetworkPolicy"
    case globalNetworkSet = "GlobalNetworkSet"
    case networkSet = "NetworkSet"
    case tier = "Tier"
    case clusterInformation = "ClusterInformation"
    /// The ledger itself: gaps, rows that were dropped or pruned, imports.
    case ledger = "Ledger"
    /// Reads of the audit log.
    case auditLog = "AuditLog"
    case legalHold = "LegalHold"
    case signingKey = "SigningKey"
    /// Requests whose actor could not be one.
    case authentication = "Authentication"
    /// Streams that were refused as a whole.
    case stream = "Stream"
    /// Writes to no one object, such as a stream, that were turned away before they were looked at.
    case request = "Request"
}

/// A SHA-256 value of the ledger's hash chain: 32 bytes, shown as 64 lower-case hex digits.
package struct AuditHash: Hashable, Sendable {
    package static let byteCount = 32
    /// The previous hash of the first row.
    package static let zero = AuditHash(uncheckedBytes: [UInt8](repeating: 0, count: byteCount))

    package let bytes: [UInt8]

    /// Nil unless there are exactly 32 bytes.
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
