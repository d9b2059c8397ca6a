package import Calico
package import Documents
import Domain

/// A finding with its evidence: the key and the revision of the value that it is about.
package struct ObjectFinding: Sendable, Equatable {
    /// In one answer.
    package static let maximumListed = 100

    package var key: String
    /// mod_revision.
    package var revision: Int64
    package var finding: StoredFinding

    /// As lists show it.
    package var document: JSONValue {
        var object = finding.document.objectValue ?? JSONObject()
        object["key"] = .string(key)
        object["revision"] = .number(JSONNumber(revision))
        return .object(object)
    }

    /// As reads of the object say it.
    package var warning: Violation {
        Violation(
            pointer: finding.pointer, rule: RuleID(finding.code.rawValue),
            message: "\(finding.message): \(finding.fix)")
    }
}

/// How many stored values are not what they look like, and some of them.
package struct FindingSummary: Sendable {
    /// One for each code that there is.
    package var counts: [(code: StoredFindingCode, count: Int)] = []
    /// The first few, the worst first.
    package var examples: [ObjectFinding] = []
    /// Policies of the default tier that are stored with and without its prefix.
    package var prefixedPolicies = 0
    package var plainPolicies = 0

    package var total: Int { counts.reduce(0) { $0 + $1.count } }

    /// Whether new policies get prefixed names because of some, while others have none.
    package var isNamingMixed = false

    package var detail: String {
        var parts: [String] = []
        if total > 0 {
            let codes = counts.map { "\($0.code.rawValue) \($0.count)" }.joined(separator: ", ")
            let keys = examples.map { "\($0.key): \($0.finding.message)" }
            parts.append("\(total) findings (\(codes)), such as " + keys.joined(separator: "; "))
        }
        if isNamingMixed {
            parts.append(
                "\(prefixedPolicies) policies are stored as default.<name> and \(plainPolicies) as"
                    + " <name>: new ones become default.<name>, unless --policy-names says plain")
        }
        return parts.isEmpty ? "as they look" : parts.joined(separator: "; ")
    }
}

extension ControlPlane {
    /// What is wrong with the stored value of an object, and with what it was compiled to.
    package func findings(_ name: ObjectName) -> [ObjectFinding] {
        let known = mirror.read { $0.stored.findings.byPath }
        guard !known.isEmpty else { return [] }
        let view = PlanningView(mirror)
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
        return paths.flatMap(findings(path:))
    }

    private func findings(path: String) -> [ObjectFinding] {
        let (entry, found) = mirror.read { ($0.entries[path], $0.stored.findings.findings(path)) }
        guard let entry else { return [] }
        return found.map { ObjectFinding(key: path, revision: entry.modRevision, finding: $0) }
    }

    /// What is wrong with stored values of a page.
    ///
    /// - Parameter shown: the keys of what the page shows.
    func findings(_ query: ListQuery, shown: [String], next: String?) -> [ObjectFinding] {
        let known = mirror.read { $0.stored.findings.byPath }
        guard !known.isEmpty else { return [] }
        var paths = shown.filter { known[$0] != nil }
        if !query.isFiltered {
            paths = []
            known.forEach(prefix: query.collection.prefix, after: query.after) { path, _ in
                if let next, path > next { return false }
                paths.append(path)
                return paths.count < ObjectFinding.maximumListed
            }
        }
        return Array(paths.flatMap(findings(path:)).prefix(ObjectFinding.maximumListed))
    }

    /// Counts and examples of all findings.
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
                    summary.examples += self.findings(path: path)
                        .filter { $0.finding.severity == severity }.prefix(1)
                }
                return summary.examples.count < 3
            }
        }
        return summary
    }
}

extension ListQuery {
    /// Whether it leaves out objects of the collection.
    var isFiltered: Bool {
        !labels.isEmpty || overlaps != nil || contains != nil || within != nil
    }
}
