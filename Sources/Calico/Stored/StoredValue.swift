import Documents
import Domain

/// The value of a key, read once, with what Felix makes of it.
///
/// Cheap enough for each of 50,000 policies at start: one walk over the document, without a copy of it.
package struct StoredValue: Sendable {
    /// Nil when the bytes are no JSON object that this server reads.
    package let resource: Resource?
    package let findings: [StoredFinding]

    package init(_ key: ResourceKey, _ bytes: [UInt8]) {
        var report = StoredReport()
        do {
            let document = try JSONParser.parse(bytes)
            if case .object = document {
                Self.check(document, key, into: &report)
                resource = Resource(key: key, document: document)
            } else {
                resource = nil
                Self.unreadable(.notJSON, "is \(document.typeName), no object", into: &report)
            }
        } catch {
            resource = nil
            let isSyntax = Self.syntax.contains(error.rule)
            Self.unreadable(
                isSyntax ? .notJSON : .unread,
                "this server cannot read it: \(error.violation.message)", into: &report)
        }
        findings = report.findings
    }

    /// What no JSON reader accepts. Go takes the last of repeated keys and replaces bad UTF-8.
    private static let syntax: Set<RuleID> = [
        .jsonSyntax, .jsonNumber, .jsonString, .jsonTrailingData, .documentEmpty,
    ]

    private static func unreadable(
        _ code: StoredFindingCode, _ what: String, into report: inout StoredReport
    ) {
        let effect =
            code == .notJSON
            ? "; Calico's lists skip such a value, and its watches stall"
            : "; Calico may read it all the same"
        report.add(code, at: "", what + effect, fix: "write the object again, or delete the key")
    }

    private static func check(
        _ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        if let schema = key.kind.schema {
            StoredTypes.check(document, as: schema, into: &report)
        }
        envelope(document, key, into: &report)
        switch key.kind {
        case .globalNetworkPolicy, .networkPolicy:
            StoredPolicy.check(document, key, into: &report)
        case .globalNetworkSet, .networkSet: StoredSet.check(document, key, into: &report)
        case .tier: StoredSet.checkTier(document, into: &report)
        case .clusterInformation, .workloadEndpoint: break
        }
    }

    private static func envelope(
        _ document: JSONValue, _ key: ResourceKey, into report: inout StoredReport
    ) {
        if let kind = document.goMember("kind")?.stringValue, kind != key.kind.rawValue {
            report.add(
                .kind, at: "/kind",
                "the key makes it a \(key.kind.rawValue), whatever the value says",
                fix: "write kind: \(key.kind.rawValue)")
        }
        if let name = document.goMember("metadata")?.goMember("name")?.stringValue,
            name != key.name
        {
            report.add(
                .name, at: "/metadata/name",
                "Felix names it \(key.name.quotedForFinding), as the key does; calicoctl does not find"
                    + " it by the name in the value",
                fix: "write metadata.name: \(key.name)")
        }
    }
}
