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
        /// How the actor is known: `none` (nobody said), `asserted` (taken from `X-Actor`); nil for
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
        /// How often etcd had been replaced or restored when this was written, from 1; the ledger sets it
        /// on rows that have a revision. Within an epoch, revisions only rise.
        package var epoch: Int64?
        /// Networks in the object before and after, canonical and ascending, as a JSON array of strings;
        /// nil for none.
        package var cidrs: String?
        /// Name of the problem type that the client was given, such as `overlap`.
        package var problem: String?
        /// True for an attempt that asked for a plan only.
        package var isDryRun = false
        /// What the client was warned of, as a JSON array of `{pointer, rule, message}`; nil for nothing.
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

    /// What was done, or tried.
    package enum Verb: String, CaseIterable, Sendable {
        case create, update, delete
        /// Something was seen that no single write explains, such as a gap in etcd's history.
        case observe
        /// The audit log was read.
        case read
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
