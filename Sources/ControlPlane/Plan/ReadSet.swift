import Calico
import Domain
import Synchronization

/// A question that planning asks the mirror, so that the answer can be compared later: the plan holds
/// as long as every answer is the same.
enum MirrorQuery: Hashable, Sendable {
    /// mod_revision of a key.
    case revision(path: String)
    /// The keys that start with a prefix.
    case paths(prefix: String)
    /// The subnets, or the address blocks, that share an address with a network.
    case subnets(overlapping: CIDR)
    case blocks(overlapping: CIDR)
    /// The first free block of a size within a network, for a subnet of a region.
    case freeBlock(prefixLength: Int, within: CIDR, region: String)
    /// The names of all regions, and of all tiers.
    case regions
    case tiers
    /// True if any region is registered.
    case hasRegions
    /// True if policies are stored under tier-prefixed names.
    case hasTieredPolicies
    /// True if the namespace of a site without a region name holds endpoints.
    case hasLegacyEndpoints
    /// The other keys that hold the policy stored under `path`.
    case twins(path: String)
    /// The keys of the CrossRegionPolicies that name a subnet.
    case crossRegionPolicies(naming: SubnetID)
    /// The keys of the GlobalNetworkPolicies that speak of a region.
    case policies(mentioning: String)
    /// The keys of the objects that a selector picks, no more than `limit`.
    case labelled(Selector, limit: Int)
}

/// The answer to a `MirrorQuery`.
enum MirrorAnswer: Hashable, Sendable {
    /// 0 for a key that does not exist.
    case revision(Int64)
    /// The number of names, and a hash over all of them. Lists may be long and are only compared.
    case names(count: Int, hash: Int)
    case block(CIDR?)
    case flag(Bool)

    static func names(_ names: some Collection<some Hashable>) -> MirrorAnswer {
        var hasher = Hasher()
        for name in names { hasher.combine(name) }
        return .names(count: names.count, hash: hasher.finalize())
    }

    static func set(_ names: Set<String>) -> MirrorAnswer {
        .names(count: names.count, hash: names.hashValue)
    }

    /// Which objects come first of too many is chance, so only that there are too many counts.
    static func limited(_ names: Set<String>, limit: Int) -> MirrorAnswer {
        names.count < limit ? .set(names) : .flag(true)
    }

    /// - Parameter found: networks and their owners, in order.
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

/// The answers that one plan rests on.
struct ReadSet: Sendable {
    private(set) var answers: [MirrorQuery: MirrorAnswer] = [:]

    /// The first answer counts: if a later one differs, the plan is on two states and does not hold.
    mutating func note(_ query: MirrorQuery, _ answer: () -> MirrorAnswer) {
        if answers[query] == nil { answers[query] = answer() }
    }

    /// True if the mirror still gives every answer. Asks a few dozen questions at a time, and long ones of
    /// a copy, so that the mirror's lock is never held for long; a change in between is one that the
    /// transaction finds.
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

    /// The keys that were looked up, with the mod_revision each had (0: absent).
    var revisions: [(path: String, revision: Int64)] {
        answers.compactMap { query, answer in
            guard case (.revision(let path), .revision(let revision)) = (query, answer) else {
                return nil
            }
            return (path, revision)
        }
    }

    /// The regions and subnets among the keys that were looked up. Other writers of etcd do not touch
    /// `head`, so a transaction has to compare these itself.
    var inventory: [(path: String, revision: Int64)] {
        revisions.filter { path, _ in ResourceKey(path: path).flatMap(InventoryKey.init) != nil }
            .sorted { $0.path < $1.path }
    }
}

/// Collects the reads of a plan while it is made. Used by one task; the lock makes it shareable.
final class ReadLog: Sendable {
    private let collected = Mutex(ReadSet())

    var reads: ReadSet { collected.withLock { $0 } }

    func note(_ query: MirrorQuery, _ answer: @autoclosure () -> MirrorAnswer) {
        collected.withLock { $0.note(query, answer) }
    }
}
