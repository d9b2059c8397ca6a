import Crypto
import Domain
import Synchronization

/// A cache of the identities of verified credentials.
///
/// The keys are SHA-256 digests, so that the cache contains no credentials.
final class IdentityCache: Sendable {
    private struct Entry {
        var identity: Identity
        var storedAt: Timestamp
        var validUntil: Timestamp
        var generation: UInt64
    }

    private let entries: Mutex<LRUCache<SHA256Digest, Entry>>

    init(capacity: Int) {
        entries = Mutex(LRUCache(capacity: capacity))
    }

    /// Returns the identity of a credential if the entry is still valid at `now` and was stored with the same
    /// `generation`. A generation identifies the data that verified the credential, such as a set of keys.
    func identity(
        _ credential: SHA256Digest, at now: Timestamp, generation: UInt64 = 0
    ) -> Identity? {
        entries.withLock { entries in
            guard let entry = entries.value(credential) else { return nil }
            // An entry is also removed if it was stored after `now`. In this case, the system clock has been set back,
            // so the age of the entry is unknown.
            guard entry.storedAt <= now, now < entry.validUntil, entry.generation == generation
            else {
                entries.remove(credential)
                return nil
            }
            return entry.identity
        }
    }

    func store(
        _ identity: Identity, for credential: SHA256Digest, at now: Timestamp,
        until validUntil: Timestamp, generation: UInt64 = 0
    ) {
        guard now < validUntil else { return }
        let entry = Entry(
            identity: identity, storedAt: now, validUntil: validUntil, generation: generation)
        entries.withLock { $0.set(credential, entry) }
    }

    func remove(_ credential: SHA256Digest) {
        entries.withLock { $0.remove(credential) }
    }

    var count: Int { entries.withLock(\.count) }
}

extension SHA256Digest {
    /// Creates the digest of a credential.
    init(credential: some StringProtocol) {
        self = SHA256.hash(data: Array(credential.utf8))
    }
}

extension Timestamp {
    /// Returns the time `seconds` later.
    func adding(seconds: Int) -> Timestamp {
        Timestamp(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }
}
