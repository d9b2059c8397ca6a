import Calico
import Documents
package import Domain

/// An index of the objects by their labels. With this index, `prune` looks only at the objects that its selector may
/// match.
struct LabelIndex: Sendable {
    /// The keys of the objects by label and value.
    private var paths: [String: [String: Set<String>]] = [:]

    /// Replaces the labels of the object stored under `path`. The index leaves out the tier label, which Calico puts on
    /// every policy.
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

    /// Returns the keys of the matching objects, at most `limit` of them. The selector must not match an object without
    /// labels, because this method checks only objects that have one of the selector's labels.
    func paths(matching selector: Selector, limit: Int) -> Set<String> {
        let labels = selector.labels
        var found: Set<String> = []
        guard labels.count > 1 else {
            // Tries the selector once for each value of its only label. The selector matches either all objects with
            // that value or none of them.
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
    /// The labels that the selector names.
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

/// The current labels of the VMs. They show whether a selector matches any VM. Many VMs have the same set of labels, so
/// each distinct set is stored and checked only once.
package struct EndpointLabels: Sendable {
    /// The distinct sets of labels.
    package private(set) var distinct = DistinctLabels()
    private var labels: [String: [String: String]] = [:]

    /// Returns the labels in the value of a WorkloadEndpoint; nil if the value has no readable labels.
    static func labels(in bytes: [UInt8]) -> [String: String]? {
        guard let document = try? JSONParser.parse(bytes),
            let members = document["metadata"]?["labels"]?.objectValue
        else { return nil }
        var labels: [String: String] = [:]
        for (key, value) in members { labels[key] = value.stringValue }
        return labels
    }

    /// Replaces the labels of the WorkloadEndpoint stored under `path`. Nil removes them.
    mutating func set(_ path: String, _ new: [String: String]?) {
        if let old = labels.removeValue(forKey: path) { distinct.remove(old) }
        guard let new else { return }
        labels[path] = distinct.insert(new)
    }
}

/// The distinct sets of labels of all VMs or of all network sets. A copy is cheap, because it shares the storage of the
/// original. So a selector can be tried on a copy without holding the mirror's lock.
package struct DistinctLabels: Sendable {
    /// The number of objects with each set of labels.
    private var counts: [[String: String]: Int] = [:]
    /// The number of sets that contain each label.
    private var keys: [String: Int] = [:]

    /// Counts one more object with these labels. Returns the stored copy of the labels. All objects with the same
    /// labels share this copy.
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

    /// Returns true if the labels of any object satisfy `selector`.
    package func matches(_ selector: Selector) -> Bool {
        if case .has(let label) = selector.root { return keys[label] != nil }
        return counts.keys.contains { selector.matches($0) }
    }
}
