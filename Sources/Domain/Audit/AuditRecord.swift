/// One row of the audit ledger: a change that etcd shows, or an attempt that was refused or failed.
///
/// What the caller said is in `entry`, and reads as if it were this type's own: `record.actor`.
@dynamicMemberLookup
package struct AuditRecord: Hashable, Sendable {
    /// Position in this server's ledger: 1, 2, 3 … without holes.
    package let seq: Int64
    package let entry: Draft
    /// `hash` of the row before; 32 zero bytes in the first row.
    package let previousHash: AuditHash
    /// SHA-256 of `canonicalForm`.
    package let hash: AuditHash

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
        /// Who: a principal such as `anonymous@192.0.2.7`, or what is known of an outside writer.
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
        package var clientAddress: String?
        package var requestID: String?
        /// Why, as the client said.
        package var reason: String?
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

    /// What was done, or tried.
    package enum Verb: String, CaseIterable, Sendable {
        case create, update, delete
        /// Something was seen that no single write explains, such as a gap in etcd's history.
        case observe
    }

    /// What became of it.
    package enum Outcome: String, CaseIterable, Sendable {
        case accepted
        /// The request broke a rule; nothing was written.
        case refused
        /// The request was in order but could not be carried out.
        case failed
    }
}
