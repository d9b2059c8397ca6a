package import Domain

/// A summary of a change that waits for a second person. The summary is made once, when the mirror receives the stored
/// value, because the value may have more than a megabyte.
package struct WaitingChange: Sendable, Equatable {
    /// The content of a value that a server wrote.
    package struct Facts: Sendable, Equatable {
        package var author: String
        package var expiresAt: Timestamp
        /// The regions that the objects of each kind touch, by kind.
        package var reach: [String: RegionSet] = [:]
    }

    package let id: ChangeID
    /// The size of the stored value in bytes.
    package let bytes: Int
    /// The content of the stored value; nil if the value is unreadable or its signature is wrong. A change without
    /// `facts` only counts against the limits on waiting changes.
    package let facts: Facts?

    init(_ id: ChangeID, bytes: [UInt8], _ authenticator: JournalAuthenticator) {
        self.id = id
        self.bytes = bytes.count
        facts = PendingChange(id, bytes: bytes, authenticator).map { pending in
            var facts = Facts(author: pending.requester.actor, expiresAt: pending.expiresAt)
            for object in pending.objects {
                facts.reach[object.kind] =
                    facts.reach[object.kind]?.union(object.reach) ?? object.reach
            }
            return facts
        }
    }
}

extension WaitingChange.Facts {
    /// Returns true if the change touches the region.
    func touches(_ region: String) -> Bool { reach.values.contains { $0.contains(region) } }
}

extension AccessScope {
    /// Returns true if the caller may see the pending change. `facts` has only one set of regions for all objects of a
    /// kind. Checking this set gives the same result as checking each object.
    func sees(_ facts: WaitingChange.Facts, as actor: String) -> Bool {
        facts.author == actor || readsEverything
            || facts.reach.allSatisfy { allows(.readObjects, kind: $0.key, touching: $0.value) }
    }
}

/// The changes that wait for a second person, without their documents. A copy is cheap.
package struct WaitingChanges: Sendable {
    /// The number of changes, and the sum of their bytes.
    package struct Load: Sendable, Equatable {
        package var count = 0
        package var bytes = 0

        fileprivate mutating func add(_ change: WaitingChange) {
            count += 1
            bytes += change.bytes
        }

        fileprivate mutating func remove(_ change: WaitingChange) {
            count -= 1
            bytes -= change.bytes
        }
    }

    /// The changes by their paths, in the order of their ids.
    package private(set) var changes = SortedMap<String, WaitingChange>()
    package private(set) var total = Load()
    private var authors: [String: Load] = [:]

    /// Returns the load of the changes by one author.
    package func load(of author: String) -> Load { authors[author] ?? Load() }

    /// Returns the ids of the changes that have expired.
    func expired(at now: Timestamp) -> [ChangeID] {
        var ids: [ChangeID] = []
        changes.forEach(from: "") { _, change in
            if let facts = change.facts, facts.expiresAt <= now { ids.append(change.id) }
            return true
        }
        return ids
    }

    /// Replaces the change stored under `path`. Nil removes it.
    mutating func set(_ path: String, _ new: WaitingChange?) {
        let old = new.map { changes.set(path, $0) } ?? changes.remove(path)
        if let old {
            total.remove(old)
            if let author = old.facts?.author {
                authors[author]?.remove(old)
                if authors[author]?.count == 0 { authors[author] = nil }
            }
        }
        guard let new else { return }
        total.add(new)
        if let author = new.facts?.author { authors[author, default: Load()].add(new) }
    }
}
