import Calico
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
