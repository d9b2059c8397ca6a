import Calico
import Documents
import Domain

/// A policy document and Calico's judgement of it.
package struct JudgedPolicy: Sendable {
    /// The tier that the document names; the default tier if it names none.
    var tier: String
    var violations: ViolationList
    /// The document in the form that Calico's client would store; nil if there are violations.
    var stored: JSONValue?
    /// The document's values for members that the server sets.
    var readOnly: ReadOnlyFields
    /// The linter's warnings on the assumption that exactly `lintedRegions` are registered.
    private let lints: ViolationList
    /// The linter's warnings about the document in the form that the client wrote, before Calico's decoding.
    private let blanks: ViolationList
    private let lintedRegions: Set<String>
    /// The security groups that the policy names.
    let groups: [Located<Selector>]
    private let kept: KeptFields

    /// - Parameter kept: The stored fields that stay in the document and are not judged.
    init(
        _ document: JSONValue, _ name: ObjectName, regions: Set<String>,
        keeping kept: KeptFields = .none
    ) {
        let document = kept.removed(from: document)
        let kind: ResourceKind
        let namespace: String?
        if case .regionPolicy(let region, _) = name {
            (kind, namespace) = (.networkPolicy, RegionNamespace.of(region: region))
        } else {
            (kind, namespace) = (.globalNetworkPolicy, nil)
        }
        let verdict = CalicoValidator.judge(document, kind: kind, namespace: namespace)
        let identity = verdict.identity
        violations =
            verdict.isForeign ? [] : Self.mismatches(identity, document, name, namespace)
        readOnly = ReadOnlyFields()
        readOnly.uid = identity?.uid
        readOnly.createdAt = identity?.creationTimestamp
        if let version = identity?.resourceVersion {
            readOnly.revision = ReadOnlyFields.revision(version.value)
            if readOnly.revision == nil {
                violations.append(
                    Violation(
                        pointer: version.pointer, rule: .numberRange,
                        message: ReadOnlyFields.expectedRevision(version.value)))
            }
        }
        violations += verdict.violations
        tier = identity?.tier ?? PolicyName.defaultTier
        let restored = verdict.stored.map(kept.restored)
        if violations.isEmpty, let restored {
            violations += ViolationList(kept.losses(in: restored))
        }
        stored = violations.isEmpty ? restored : nil
        self.kept = kept
        groups = stored.map(GroupReferences.read) ?? []
        lintedRegions = regions
        blanks = stored.map { _ in PolicyLinter.lint(written: document, kind: kind) } ?? []
        lints = stored.map { PolicyLinter.lint($0, knownRegions: regions) } ?? []
    }

    /// Returns the warnings for a server where exactly `regions` are registered.
    func warnings(_ regions: Set<String>) -> [Violation] {
        var lints = lints
        // Lints again if regions were added or removed since the document was judged.
        if regions != lintedRegions, let stored {
            lints = PolicyLinter.lint(stored, knownRegions: regions)
        }
        return (blanks + lints + kept.warnings).summarised(by: .moreLints)
    }

    /// Returns violations for members of the document that contradict the name or the region in the path.
    private static func mismatches(
        _ identity: CalicoIdentity?, _ document: JSONValue, _ name: ObjectName,
        _ namespace: String?
    ) -> ViolationList {
        var violations = ViolationList()
        func add(
            _ found: Located<String>, _ rule: RuleID, _ message: String, _ hint: String = ""
        ) {
            violations.append(
                Violation(
                    pointer: found.pointer, rule: rule,
                    message: "\(message), found \"\(found.value)\"\(hint)"))
        }
        if let found = identity?.name, found.value != name.name {
            let isWord = ["true", "false"].contains(found.value)
            let written = document.value(at: JSONPointer.tokens(found.pointer))
            let isNumber = written?.numberValue != nil
            let hint = isWord ? ObjectName.wordHint : isNumber ? ObjectName.numberHint : ""
            add(found, .nameMismatch, "expected \"\(name.name)\", as the path says", hint)
        }
        guard let found = identity?.namespace, found.value != namespace else { return violations }
        if let namespace {
            add(
                found, .regionMismatch,
                "expected \"\(namespace)\", the namespace of the region in the path")
        } else {
            add(
                found, .readOnlyField,
                "a GlobalNetworkPolicy has no namespace: remove this field, or write a NetworkPolicy"
            )
        }
        return violations
    }
}

extension RuleID {
    /// The rule id of the warning that gives the number of further, unlisted warnings about one policy.
    static let moreLints = RuleID("lint.more")
}
