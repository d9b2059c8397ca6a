package import Documents
package import Domain

/// A change that waits for a second person.
///
/// The change is bound to its plan: a confirmation applies exactly the writes that `plan` identifies, or nothing.
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

    /// The id of the request that waits. The confirmation is a separate change with another id.
    package var id: ChangeID
    /// The author of the request, and the author's reason.
    package var requester: ChangeContext
    /// The rights with which the request was planned. The confirmation plans the request again with the same rights.
    var grants: [Grant]
    /// The id of the requester's token or certificate; nil for an authentication method without either. The id is not
    /// secret.
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

    /// The kind of a pending change in the journal and in the ledger.
    package static let kind = AuditKind.pendingChange.rawValue
}

extension PendingChange {
    /// Returns true if `actor` or `credential` made the request. Does not distinguish upper and lower case in the
    /// actor's name, so that nobody can confirm their own request under another spelling of the name.
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

    /// Returns true if the caller may see the pending change. Its author may see it. Everyone who may see all objects
    /// of the change may see it too.
    func sees(_ pending: PendingChange, as actor: String) -> Bool {
        pending.requester.actor == actor || readsEverything
            || allows(.readObjects, pending.objects)
    }
}

/// An action on a pending change, by a person or by the server.
package enum PendingAction: String, Sendable {
    /// A second person confirms the change, and the server applies it.
    case confirm
    /// A second person ends the change. It is not applied.
    case reject
    /// The author ends the change. It is not applied.
    case withdraw
    /// The server removes the change because it has expired. It is not applied.
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
