import Calico
import Documents
import Domain
import Store

extension ControlPlane {
    /// The largest number of objects per request that are looked up in the ledger.
    private static let lookups = 256
    /// The largest number of rows that are searched, newest first, for the API's last write of an object.
    private static let versions = 100

    /// Returns the request with `lastWritten` filled in: the values that this API last wrote to the changed objects.
    /// Looks up only objects that would lose labels or fields, because each lookup reads the ledger.
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
            // Continues without the values, because only warnings need them, and a failed lookup must not fail the
            // write. Failures of the ledger are reported elsewhere.
            return request
        }
        request.lastWritten = last
        return request
    }

    /// Returns the keys of the stored objects that would lose labels or fields if `change` were applied.
    private func pathsLosingMembers(_ change: PreparedChange) -> [String] {
        let changes: [PreparedChange] =
            if case .apply(let manifest) = change { manifest.items.map(\.change) } else { [change] }
        let view = PlanningView(mirror)
        var paths: [String] = []
        for change in changes where paths.count < Self.lookups {
            // Looks for the stored object first, because most new documents replace nothing.
            guard let name = change.replacedName,
                let stored = view.resource(writer.planner.key(name, view))?.resource,
                let members = change.newMembers
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
    /// The name of the object that a PUT of a region, a subnet or a Calico policy replaces; nil for any other change.
    fileprivate var replacedName: ObjectName? {
        switch self {
        case .putRegion(let name, _): .region(name)
        case .putSubnet(let id, _): .subnet(region: id.region, name: id.name)
        case .putPolicy(let name, _): name
        case .putCrossRegion, .patch, .delete, .allocate, .apply, .settle: nil
        }
    }

    /// For a PUT of a region, a subnet or a Calico policy, the names of the labels and `spec` fields in the new
    /// document. `fields` is nil for a region and a subnet. The whole value is nil for an invalid document and for any
    /// other change.
    fileprivate var newMembers: (labels: Set<String>, fields: Set<String>?)? {
        switch self {
        case .putRegion(_, let decoded): decoded.value.map { (Set($0.labels.keys), nil) }
        case .putSubnet(_, let decoded): decoded.value.map { (Set($0.labels.keys), nil) }
        case .putPolicy(_, let judged):
            judged.stored.map { stored in
                let labels = stored["metadata"]?["labels"]?.objectValue?.keys ?? []
                let fields = stored["spec"]?.objectValue?.keys ?? []
                return (Set(labels), Set(fields))
            }
        case .putCrossRegion, .patch, .delete, .allocate, .apply, .settle: nil
        }
    }
}
