import Calico
import Documents
import Domain

/// The objects by their labels, so that `prune` looks at those that it may pick and at no others.
struct LabelIndex: Sendable {
    /// Keys by label and value.
    private var paths: [String: [String: Set<String>]] = [:]

    /// Takes over the labels of the object stored under `path`. The tier label is Calico's doing and is
    /// left out.
    mutating func set(_ path: String, old: [String: String], new: [String: String]) {
        guard old != new else { return }
        for (label, value) in old where new[label] != value && label != PolicyResource.tierLabel {
            paths[label]?[value]?.remove(path)
            if paths[label]?[value]?.isEmpty == true { paths[label]?[value] = nil }
            if paths[label]?.isEmpty == true { paths[label] = nil }
        }
        for (label, value) in new where old[label] != value && label != PolicyResource.tierLabel {
            paths[label, default: [:]][value, default: []].insert(path)
        }
    }

    /// The keys of the objects that the selector picks, `limit` of them at most. It must not pick an object
    /// without labels, so only objects that carry one of its labels come into question.
    func paths(matching selector: Selector, limit: Int) -> Set<String> {
        let labels = selector.labels
        var found: Set<String> = []
        guard labels.count > 1 else {
            // The one label's value decides for all objects that carry it at once.
            for (value, paths) in labels.first.flatMap({ paths[$0] }) ?? [:] {
                guard selector.matches(labels.reduce(into: [:]) { $0[$1] = value }) else {
                    continue
                }
                for path in paths {
                    guard found.count < limit else { return found }
                    found.insert(path)
                }
            }
            return found
        }
        var carried: [String: [String: String]] = [:]
        for label in labels {
            for (value, paths) in paths[label] ?? [:] {
                for path in paths { carried[path, default: [:]][label] = value }
            }
        }
        for (path, labels) in carried where selector.matches(labels) {
            guard found.count < limit else { break }
            found.insert(path)
        }
        return found
    }
}

extension Selector {
    /// The labels that the selector asks about.
    fileprivate var labels: Set<String> {
        var labels: Set<String> = []
        root.visit { node in
            switch node {
            case .has(let label): labels.insert(label)
            case .comparison(let comparison): labels.insert(comparison.label)
            case .all, .global, .not, .and, .or: break
            }
        }
        return labels
    }
}

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
    /// The number of VMs that carry exactly these labels.
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

    /// Returns true if any VM's labels satisfy `selector`.
    func matches(_ selector: Selector) -> Bool {
        if case .has(let label) = selector.root { return keys[label] != nil }
        return counts.keys.contains { selector.matches($0) }
    }
}
