import Calico
import Documents
import Domain

/// The labels that VMs carry now, to tell whether a selector picks any. Many VMs carry the same ones,
/// which are kept and looked at once.
struct EndpointLabels: Sendable {
    private(set) var distinct = DistinctLabels()
    private var labels: [String: [String: String]] = [:]

    /// The labels in the value of a WorkloadEndpoint; nil when it has none.
    static func labels(in bytes: [UInt8]) -> [String: String]? {
        guard let document = try? JSONParser.parse(bytes),
            let members = document["metadata"]?["labels"]?.objectValue
        else { return nil }
        var labels: [String: String] = [:]
        for (key, value) in members { labels[key] = value.stringValue }
        return labels
    }

    /// Takes over the labels of the WorkloadEndpoint that is stored under `path` now; nil for none.
    mutating func set(_ path: String, _ new: [String: String]?) {
        if let old = labels.removeValue(forKey: path) { distinct.remove(old) }
        guard let new else { return }
        labels[path] = distinct.insert(new)
    }
}

/// Each set of labels that at least one VM carries. A copy shares its storage, so that a selector is
/// tried on all of them without holding the mirror's lock.
struct DistinctLabels: Sendable {
    /// How many VMs carry exactly these labels.
    private var counts: [[String: String]: Int] = [:]
    /// The number of these sets that have each label.
    private var keys: [String: Int] = [:]

    /// Returns the labels in the storage that all VMs with these labels share.
    mutating func insert(_ labels: [String: String]) -> [String: String] {
        let count = counts[labels, default: 0] + 1
        counts[labels] = count
        if count == 1 { for key in labels.keys { keys[key, default: 0] += 1 } }
        return counts.index(forKey: labels).map { counts.keys[$0] } ?? labels
    }

    mutating func remove(_ labels: [String: String]) {
        guard let index = counts.index(forKey: labels) else { return }
        counts.values[index] -= 1
        guard counts.values[index] == 0 else { return }
        counts.remove(at: index)
        for key in labels.keys {
            keys[key, default: 1] -= 1
            if keys[key] == 0 { keys[key] = nil }
        }
    }

    /// Whether any VM's labels satisfy `selector`.
    func matches(_ selector: Selector) -> Bool {
        if case .has(let label) = selector.root { return keys[label] != nil }
        return counts.keys.contains { selector.matches($0) }
    }
}
