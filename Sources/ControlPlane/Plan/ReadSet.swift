import Calico
import Domain
import Synchronization

/// A question that a plan asks the mirror. A plan is valid as long as the answers to all its questions stay the same.
enum MirrorQuery: Hashable, Sendable {
    /// The mod_revision of a key.
    case revision(path: String)
    /// The keys that start with a prefix.
    case paths(prefix: String)
    /// The subnets that share an address with a network.
    case subnets(overlapping: CIDR)
    /// The address blocks that share an address with a network.
    case blocks(overlapping: CIDR)
    /// The first free block of a certain prefix length inside a network, for a new subnet of a region.
    case freeBlock(prefixLength: Int, within: CIDR, region: String)
    /// The names of all regions.
    case regions
    /// The names of all tiers.
    case tiers
    /// Asks whether any region is registered.
    case hasRegions
    /// Asks whether policies are stored under tier-prefixed names.
    case hasTieredPolicies
    /// Asks whether the namespace of a site without a region name holds endpoints.
    case hasLegacyEndpoints
    /// The other keys under which the policy at `path` is also stored.
    case twins(path: String)
    /// The keys with a tier prefix under which the policy is stored whose key without a prefix is `path`.
    case prefixed(path: String)
    /// The keys of the CrossRegionPolicies that name a subnet.
    case crossRegionPolicies(naming: SubnetID)
    /// The keys of the GlobalNetworkPolicies that mention a region.
    case policies(mentioning: String)
    /// The keys of at most `limit` objects that match a selector.
    case labelled(Selector, limit: Int)
}

/// The answer to a `MirrorQuery`.
enum MirrorAnswer: Hashable, Sendable {
    /// The mod_revision; 0 if the key does not exist.
    case revision(Int64)
    /// The number of names, and a hash of all names. The names are not kept, because there may be many of them. The
    /// number and the hash are enough to compare two answers.
    case names(count: Int, hash: Int)
    case block(CIDR?)
    case flag(Bool)

    // Uses a hash that differs from process to process. This is safe, because an answer never leaves its process.
    static func names(_ names: some Collection<some Hashable>) -> MirrorAnswer {
        var hasher = Hasher()
        for name in names { hasher.combine(name) }
        return .names(count: names.count, hash: hasher.finalize())
    }

    static func set(_ names: Set<String>) -> MirrorAnswer {
        .names(count: names.count, hash: names.hashValue)
    }

    /// Returns an answer for at most `limit` names. If `names` has as many names as `limit`, they are an arbitrary
    /// selection, so the answer says only that the limit is reached.
    static func limited(_ names: Set<String>, limit: Int) -> MirrorAnswer {
        names.count < limit ? .set(names) : .flag(true)
    }

    /// - Parameter found: The networks and their owners, in order.
    static func networks(_ found: [(cidr: CIDR, value: some Hashable)]) -> MirrorAnswer {
        var hasher = Hasher()
        for (cidr, owner) in found {
            hasher.combine(cidr)
            hasher.combine(owner)
        }
        return .names(count: found.count, hash: hasher.finalize())
    }
}

extension MirrorQuery {
    func answer(_ state: borrowing MirrorState) -> MirrorAnswer {
        switch self {
        case .revision(let path): return .revision(state.entries[path]?.modRevision ?? 0)
        case .paths(let prefix): return .names(state.entries.paths(prefix: prefix))
        case .subnets(let cidr): return .networks(state.subnets.overlapping(cidr))
        case .blocks(let cidr): return .networks(state.blocks.overlapping(cidr))
        case .freeBlock(let length, let within, let region):
            return .block(state.firstFreeBlock(prefixLength: length, in: within, of: region))
        case .regions: return .set(state.regions)
        case .tiers: return .set(state.tiers)
        case .hasRegions: return .flag(!state.regions.isEmpty)
        case .hasTieredPolicies: return .flag(state.tieredPolicies > 0)
        case .twins(let path): return .names(state.stored.policyNames.twins(of: path))
        case .prefixed(let path): return .set(state.stored.policyNames.prefixed(path))
        case .crossRegionPolicies(let subnet):
            return .set(state.stored.crossRegions.policies(naming: subnet))
        case .policies(let region):
            return .set(state.stored.regionMentions.policies(mentioning: region))
        case .labelled(let selector, let limit):
            return .limited(
                state.stored.labels.paths(matching: selector, limit: limit), limit: limit)
        case .hasLegacyEndpoints: return .flag(!state.legacyEndpoints.isEmpty)
        }
    }
}

/// The answers on which one plan is based.
package struct ReadSet: Sendable {
    private(set) var answers: [MirrorQuery: MirrorAnswer] = [:]

    /// The number of questions that the plan has asked.
    package var count: Int { answers.count }

    /// Records the answer to `query`, unless the query already has an answer. If a later answer differs, the plan mixes
    /// two states. `isCurrent` then finds that the first answer is outdated.
    mutating func note(_ query: MirrorQuery, _ answer: () -> MirrorAnswer) {
        if answers[query] == nil { answers[query] = answer() }
    }

    /// Returns true if the mirror still gives the same answers. Repeats the quick queries in groups of 64, each group
    /// under one lock, and the slow queries on copies of the state. So the mirror's lock is never held for long. The
    /// state may change between two groups, but the comparisons in the transaction then fail.
    func isCurrent(_ mirror: Mirror) -> Bool {
        var short: [(MirrorQuery, MirrorAnswer)] = []
        for (query, answer) in answers {
            switch query {
            case .paths(let prefix):
                let entries = mirror.read { $0.entries }
                guard .names(entries.paths(prefix: prefix)) == answer else { return false }
            case .labelled(let selector, let limit):
                let labels = mirror.read { $0.stored.labels }
                let found = labels.paths(matching: selector, limit: limit)
                guard .limited(found, limit: limit) == answer else { return false }
            default: short.append((query, answer))
            }
        }
        return short.chunks(of: 64).allSatisfy { chunk in
            mirror.read { state in chunk.allSatisfy { $0.answer(state) == $1 } }
        }
    }

    /// The keys that the plan looked up, with their mod_revisions (0: absent).
    var revisions: [(path: String, revision: Int64)] {
        answers.compactMap { query, answer in
            guard case (.revision(let path), .revision(let revision)) = (query, answer) else {
                return nil
            }
            return (path, revision)
        }
    }

    /// The regions and subnets among the keys that the plan looked up. The transaction must compare these keys, because
    /// writers outside this server can change them without changing `head`.
    var inventory: [(path: String, revision: Int64)] {
        revisions.filter { path, _ in InventoryKey(path: path) != nil }.sorted { $0.path < $1.path }
    }
}

/// Collects the reads of a plan. This is a class, so that a read does not have to mutate the `PlanningView`. Only one
/// task uses a log. The mutex is there only because a `Sendable` class needs one for mutable state.
final class ReadLog: Sendable {
    private let collected = Mutex(ReadSet())

    var reads: ReadSet { collected.withLock { $0 } }

    func note(_ query: MirrorQuery, _ answer: @autoclosure () -> MirrorAnswer) {
        collected.withLock { $0.note(query, answer) }
    }
}
