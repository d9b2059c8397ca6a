import Calico
import Documents
import Domain
import Store

extension ControlPlane {
    /// Objects of one request of which the ledger is asked what this API wrote.
    private static let lookups = 256
    /// Rows of one object in which the last write of this API is looked for.
    private static let versions = 100

    /// The request with what this API wrote last under the keys from which it removes labels or fields; only
    /// for those, since the ledger has to be read.
    func withLastWritten(_ request: ChangeRequest, _ change: PreparedChange) async -> ChangeRequest
    {
        let paths = pathsLosingMembers(change)
        guard !paths.isEmpty else { return request }
        var request = request
        var last: [String: JSONValue] = [:]
        do {
            for path in paths {
                let rows = try await ledger.versions(keys: [path], limit: Self.versions)
                guard let row = rows.first(where: { $0.origin == .api }) else { continue }
                last[path] = row.after.flatMap { try? JSONParser.parse($0) }
            }
        } catch {
            // A warning is not worth a write; that the ledger fails is said elsewhere.
            return request
        }
        request.lastWritten = last
        return request
    }

    /// The keys of stored objects that the documents would take labels or fields from, as far as the mirror
    /// knows now.
    private func pathsLosingMembers(_ change: PreparedChange) -> [String] {
        let changes: [PreparedChange] =
            if case .apply(let stream) = change { stream.items.map(\.change) } else { [change] }
        let view = PlanningView(mirror)
        var paths: [String] = []
        for change in changes where paths.count < Self.lookups {
            guard let (name, members) = change.replacement,
                let stored = view.resource(writer.planner.key(name, view))?.resource
            else { continue }
            let losesLabel = stored.labels.keys.contains {
                !members.labels.contains($0) && !$0.hasPrefix("policyserver/")
                    && $0 != PolicyResource.tierLabel
            }
            let losesField = members.fields.map { fields in
                stored.spec.keys.contains { !fields.contains($0) }
            }
            if losesLabel || losesField ?? false { paths.append(stored.key.path) }
        }
        return paths
    }
}

extension PreparedChange {
    /// The labels and `spec` fields that a PUT keeps; the fields are nil if they are not replaced. Nil for other changes.
    fileprivate var replacement: (ObjectName, (labels: Set<String>, fields: Set<String>?))? {
        switch self {
        case .putRegion(let name, let decoded):
            decoded.value.map { (.region(name), (Set($0.labels.keys), nil)) }
        case .putSubnet(let id, let decoded):
            decoded.value.map {
                (.subnet(region: id.region, name: id.name), (Set($0.labels.keys), nil))
            }
        case .putPolicy(let name, let judged):
            judged.stored.map { stored in
                let labels = stored["metadata"]?["labels"]?.objectValue?.keys ?? []
                let fields = stored["spec"]?.objectValue?.keys ?? []
                return (name, (Set(labels), Set(fields)))
            }
        case .putCrossRegion, .patch, .delete, .allocate, .apply: nil
        }
    }
}
