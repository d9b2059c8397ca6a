import Calico
package import Domain

extension ControlPlane {
    /// Returns the findings about an object's stored value and about the policies compiled from the object. Returns an
    /// empty array if the caller may not see the object. The regions of a policy that cannot be shown are unknown, so
    /// only a caller with rights in all regions gets findings about such a policy.
    package func findings(_ name: ObjectName, for scope: AccessScope) -> [ObjectFinding] {
        let known = mirror.read { $0.stored.findings.byPath }
        guard !known.isEmpty, scope.reaches(name) else { return [] }
        let view = PlanningView(mirror)
        if !scope.readsEverything, name.isPolicy,
            writer.planner.visible(name, to: scope, view) == nil
        {
            return []
        }
        let own = writer.planner.key(name, view).path
        var paths = [own]
        if case .policy(let policy) = name {
            known.forEach(prefix: own + "-") { path, _ in
                let part = ResourceKey(path: path).flatMap { view.resource($0)?.resource }
                if let part, CrossRegionAnnotation.sourceName(ofPart: part) == policy {
                    paths.append(path)
                }
                return paths.count < CrossRegionCompiler.maximumPolicies
            }
        }
        return paths.flatMap { findings(path: $0, for: scope) }
    }

    /// Returns the findings about one stored value. An overlap names an object of another region, so only a caller with
    /// rights in all regions gets this finding. A second key of the same policy is named only to a caller who may see
    /// the policy at that key.
    private func findings(path: String, for scope: AccessScope) -> [ObjectFinding] {
        let (entry, found) = mirror.read { ($0.entries[path], $0.stored.findings.findings(path)) }
        guard let entry else { return [] }
        return found.filter { scope.readsEverything || isShown($0.code, path, to: scope) }
            .map { ObjectFinding(key: path, revision: entry.modRevision, finding: $0) }
    }

    private func isShown(
        _ code: StoredFindingCode, _ path: String, to scope: AccessScope
    ) -> Bool {
        switch code {
        case .subnetOverlap: return false
        case .twin:
            guard let key = ResourceKey(path: path) else { return false }
            let view = PlanningView(mirror)
            return view.twins(of: key).allSatisfy { writer.planner.sees($0.key, scope, view) }
        default: return true
        }
    }

    /// Returns the findings about the stored values in the range of a page. A caller who may not see everything gets
    /// only the findings about the objects that the page shows.
    ///
    /// - Parameter shown: The keys of the objects that the page shows.
    func findings(
        _ query: ListQuery, for scope: AccessScope, shown: [String], next: String?
    ) -> [ObjectFinding] {
        let known = mirror.read { $0.stored.findings.byPath }
        guard !known.isEmpty else { return [] }
        var paths = shown.filter { known[$0] != nil }
        if !query.isFiltered, scope.readsEverything {
            paths = []
            known.forEach(prefix: query.collection.prefix, after: query.after) { path, _ in
                if let next, path > next { return false }
                paths.append(path)
                return paths.count < ObjectFinding.maximumListed
            }
        }
        return Array(
            paths.flatMap { findings(path: $0, for: scope) }.prefix(ObjectFinding.maximumListed))
    }

    /// The counts and examples of all findings.
    package var findingSummary: FindingSummary {
        let (book, names, prefixed) = mirror.read {
            ($0.stored.findings, $0.stored.policyNames, $0.tieredPolicies)
        }
        var summary = FindingSummary()
        summary.counts = StoredFindingCode.allCases.compactMap { code in
            book.counts[code].flatMap { $0 > 0 ? (code, $0) : nil }
        }
        (summary.prefixedPolicies, summary.plainPolicies) = (prefixed, names.plain)
        summary.isNamingMixed =
            configuration.policyNames == .auto && prefixed > 0 && names.plain > 0
        let severities = Set(summary.counts.map(\.code.severity))
        for severity in FindingSeverity.allCases
        where severities.contains(severity) && summary.examples.count < 3 {
            book.byPath.forEach(from: "") { path, findings in
                if findings.all.contains(where: { $0.severity == severity }) {
                    summary.examples += self.findings(path: path, for: .unlimited)
                        .filter { $0.finding.severity == severity }.prefix(1)
                }
                return summary.examples.count < 3
            }
        }
        return summary
    }
}
