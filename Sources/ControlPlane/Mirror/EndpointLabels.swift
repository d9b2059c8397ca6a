import Calico
import Domain

/// The labels that VMs carry now, to tell whether a selector picks any. Many VMs carry the same ones,
/// which are kept and looked at once.
struct EndpointLabels: Sendable {
    /// How many VMs carry exactly these labels.
    private var counts: [[String: String]: Int] = [:]
    private var labels: [String: [String: String]] = [:]

    /// Takes over the WorkloadEndpoint that is stored under `path` now; nil for none.
    mutating func set(_ path: String, _ bytes: [UInt8]?) {
        if let old = labels.removeValue(forKey: path), let index = counts.index(forKey: old) {
            counts.values[index] -= 1
            if counts.values[index] == 0 { counts.remove(at: index) }
        }
        guard let bytes, let document = try? JSONParser.parse(bytes),
            let members = document["metadata"]?["labels"]?.objectValue
        else { return }
        var new: [String: String] = [:]
        for (key, value) in members { new[key] = value.stringValue }
        counts[new, default: 0] += 1
        // The key's storage is shared by all VMs that carry these labels.
        labels[path] = counts.index(forKey: new).map { counts.keys[$0] } ?? new
    }

    /// Whether any VM's labels satisfy `selector`.
    func matches(_ selector: Selector) -> Bool { counts.keys.contains { selector.matches($0) } }
}
