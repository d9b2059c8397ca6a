import Calico
import Domain
import Etcd
import Synchronization

/// A submission in a batch, and the mod_revision that the key of its journal entry must have before the transaction.
struct BatchMember: Sendable {
    let submission: Submission

    var journalRevision: Int64 {
        get { submission.journalRevision.withLock { $0 } }
        nonmutating set { submission.journalRevision.withLock { $0 = newValue } }
    }

    var id: ChangeID { submission.request.id }
    var journalKey: EtcdKey { Keyspace.journal(id) }

    /// Returns true if the member's transaction compares any of the keys `paths`.
    func touches(_ paths: Set<String>) -> Bool {
        let draft = submission.draft
        return paths.contains(journalKey.description)
            || draft.write?.writes.contains { paths.contains($0.path) } ?? false
            || draft.write?.required.contains(where: paths.contains) ?? false
            || draft.reads.inventory.contains { paths.contains($0.path) }
    }
}

/// The writes of the members that the batch has so far. A change that depends on one of these writes must wait for the
/// next transaction, because etcd makes all comparisons on the state before the transaction. A second write of a key
/// must also wait, because etcd accepts only one write of each key per transaction.
struct BatchWrites {
    private var paths: Set<String> = []
    /// The networks that the written subnets and regions have before and after their writes.
    private var networks: [CIDR] = []
    private var changesRegions = false
    private var changesTiers = false
    private var changesTiering = false
    private var deletesRegion = false
    private var changesGlobalPolicies = false
    /// The keys that the written policies have, or may have without a tier prefix.
    private var policyNames: Set<String> = []

    /// Returns true if the batch writes a key of `writes`, or if the batch could change the answer to one of `reads`.
    func affect(_ reads: ReadSet, _ writes: [ObjectWrite]) -> Bool {
        guard !paths.isEmpty else { return false }
        return writes.contains { paths.contains($0.path) }
            || reads.answers.contains { affect($0, $1) }
    }

    private func affect(_ query: MirrorQuery, _ answer: MirrorAnswer) -> Bool {
        switch query {
        case .revision(let path): paths.contains(path)
        case .paths(let prefix): paths.contains { $0.hasPrefix(prefix) }
        case .subnets(let cidr), .blocks(let cidr), .freeBlock(_, let cidr, _):
            networks.contains { $0.overlaps(cidr) }
        case .regions: changesRegions
        case .hasRegions: answer == .flag(false) ? changesRegions : deletesRegion
        case .tiers: changesTiers
        case .hasTieredPolicies: changesTiering
        case .twins(let path), .prefixed(let path):
            Self.possibleNames(path).contains(where: policyNames.contains)
        case .crossRegionPolicies, .policies: changesGlobalPolicies
        // Assumes that every batch changes the answer, because the labels of the written objects are not compared with
        // the selector.
        case .labelled: true
        case .hasLegacyEndpoints: false
        }
    }

    /// Returns `path`, and `path` without the parts of the policy's name before each dot. One of these is the key
    /// without a tier prefix: the names of policies and of tiers may contain dots.
    private static func possibleNames(_ path: String) -> [String] {
        var names = [path]
        var start = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
        let folder = path[..<start]
        while let dot = path[start...].firstIndex(of: ".") {
            start = path.index(after: dot)
            names.append(String(folder + path[start...]))
        }
        return names
    }

    /// Adds the writes of one more member.
    mutating func add(_ write: PlannedWrite, _ mirror: Mirror) {
        for object in write.writes {
            paths.insert(object.path)
            guard let key = ResourceKey(path: object.path) else { continue }
            if key.kind == .tier { changesTiers = true }
            if key.kind.isPolicy {
                policyNames.formUnion(Self.possibleNames(object.path))
                if key.kind == .globalNetworkPolicy { changesGlobalPolicies = true }
                if key.name.hasPrefix(PolicyName.defaultTier + ".") { changesTiering = true }
            }
            guard let inventory = InventoryKey(key) else { continue }
            let old = mirror.read { $0.entries[object.path]?.bytes }
            if case .region = inventory {
                if object.bytes == nil { deletesRegion = true }
                if object.bytes == nil || old == nil { changesRegions = true }
            }
            for bytes in [old, object.bytes] {
                networks += bytes.map(InventoryResource.nets(bytes:)) ?? []
            }
        }
    }
}

/// The remaining room in a transaction.
struct TransactionBudget {
    private let limits: Writer.Limits
    /// The number of operations so far. It begins at 1, for the write of `head`.
    private var operations = 1
    private var bytes = 0
    /// The keys that the plans require or have read. The transaction compares these keys in addition to the written
    /// keys.
    private var compared: Set<String> = []
    private var isEmpty = true

    init(_ limits: Writer.Limits) { self.limits = limits }

    /// Counts the write and returns true if it fits into the transaction. Accepts the first write even if it exceeds
    /// the limits, because etcd may be configured with higher limits.
    mutating func take(_ write: PlannedWrite, _ reads: ReadSet) -> Bool {
        let added = (write.required + reads.inventory.map(\.path)).filter { !compared.contains($0) }
        // The number of operations is also the number of comparisons: each written object needs one operation and one
        // comparison, and so does the journal entry of the change.
        let operations = operations + write.writes.count + 1
        let bytes = bytes + write.size
        let comparisons = compared.count + Set(added).count
        let fits = operations + comparisons <= limits.operations && bytes <= limits.bytes
        guard fits || isEmpty else { return false }
        (self.operations, self.bytes) = (operations, bytes)
        compared.formUnion(added)
        isEmpty = false
        return true
    }
}
