package import Documents
package import Domain

/// A change that waits for a second person.
///
/// It is bound to its plan: a confirmation applies exactly the writes that `plan` identifies, or nothing.
package struct PendingChange: Sendable {
    /// One object that the change would write.
    package struct Object: Sendable, Equatable {
        package var verb: ChangeVerb
        package var kind: String
        package var name: String
        package var region: String?
        /// The regions that the object touches, before or after the change.
        package var reach: RegionSet
    }

    /// The id of the change that made the request. The confirmation is a change of its own.
    package var id: ChangeID
    /// The author of the request, and the author's reason.
    package var requester: ChangeContext
    /// The rights with which the request was planned. The confirmation plans it with the same rights.
    var grants: [Grant]
    /// The id of the requester's token or certificate; nil for a method without one. It is not a secret.
    var credential: String?
    package var requestedAt: Timestamp
    /// The time after which nobody can confirm the change.
    package var expiresAt: Timestamp
    package var operation: ChangeOperation
    var precondition: Precondition
    package var options: ChangeOptions
    package var objects: [Object]
    /// The digest of the planned writes; see `PlannedWrite.digest`.
    package var plan: String
    /// The warnings in the answer to the request, as `{pointer, rule, message}`.
    package var warnings: [JSONValue]

    /// The kind in the journal and in the ledger.
    package static let kind = AuditKind.pendingChange.rawValue
}

extension PendingChange {
    /// True if both names, or both credentials, are the same. Nobody confirms an own change under another spelling.
    package func isRequest(of actor: String, _ credential: String?) -> Bool {
        requester.actor.lowercased() == actor.lowercased()
            || (credential != nil && credential == self.credential)
    }

    package func isExpired(at now: Timestamp) -> Bool { expiresAt <= now }

    /// The regions that the change touches.
    package var reach: RegionSet { objects.reduce(.none) { $0.union($1.reach) } }
}

extension AccessScope {
    /// Returns true if the caller has `permission` for every object of the change.
    func allows(_ permission: Permission, _ objects: [PendingChange.Object]) -> Bool {
        objects.allSatisfy { allows(permission, kind: $0.kind, touching: $0.reach) }
    }

    /// Returns true if the caller may know that the change waits: its author, and everyone who may see all its objects.
    func sees(_ pending: PendingChange, as actor: String) -> Bool {
        pending.requester.actor == actor || readsEverything
            || allows(.readObjects, pending.objects)
    }
}

/// What a person, or the server, does with a pending change.
package enum PendingAction: String, Sendable {
    /// A second person lets the change happen.
    case confirm
    /// A second person ends it.
    case reject
    /// Its author ends it.
    case withdraw
    /// The server removes it after its time.
    case expire
}

/// The answer to a request whose change now waits for a second person.
package struct HeldChange: Sendable {
    package var pending: PendingChange
    package var warnings: [Violation]
    /// True if an earlier request with the same Idempotency-Key made the pending change.
    package var replayed: Bool
}

extension PlannedWrite {
    /// The SHA-256, in hex, of the writes: each key with the revision that it must have and the digest of its new
    /// value. Two plans with the same digest change etcd in the same way.
    var digest: String {
        let list = writes.map { write -> JSONValue in
            [
                "path": .string(write.path), "verb": .string(write.verb.rawValue),
                "revision": .number(JSONNumber(write.expectedRevision)),
                "value": write.bytes.map { JSONValue.string(JournalEntry.digest($0)) } ?? .null,
            ]
        }
        return JournalEntry.digest(JSONSerializer.canonical(.array(list)))
    }
}
