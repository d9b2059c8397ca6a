package import Documents

/// Policy between regions in the words of OpenStack: who may, and who may not, reach whom.
///
/// `deny` wins over `allow` in the whole document, whatever the order of writing. What it becomes in
/// Calico is the compiler's business.
package struct CrossRegionPolicy: Sendable, Equatable {
    package var name: String
    package var labels: [String: String]
    /// 1–4096 characters.
    package var description: String?
    /// Where Calico evaluates it among other policies, lower first; after all that have one when nil.
    package var order: JSONNumber?
    package var deny: [CrossRegionRule]
    package var allow: [CrossRegionRule]
    /// What the client wrote of `kind`, `metadata.name`, `metadata.labels` and `spec`.
    package var source: JSONValue
}

extension CrossRegionPolicy {
    package static let kind = "CrossRegionPolicy"
    package static let apiVersion = "policyserver/v1"
    /// Of each list; Calico takes as many rules in one policy.
    package static let maximumRules = 1_024

    /// What is wrong with a name; nil for a legal one.
    ///
    /// Calico up to 3.28 takes no dot in a policy's name, 3.29 to 3.31 read what stands before a dot as
    /// the tier (libcalico-go `validator/v3`, `names.TieredPolicyName`). Of Calico's 253 characters
    /// `default.`, under which those releases store it, and the number of a part need eleven.
    package static func nameProblem(_ name: String) -> String? {
        let isLegal =
            name.utf8.count <= maximumNameLength && !name.utf8.contains(UInt8(ascii: "."))
            && LabelText.isNamePart(name)
        guard !isLegal else { return nil }
        return "the name has 1 to \(maximumNameLength) lower-case letters, digits and '-', with a "
            + "letter or digit at both ends"
    }

    static let maximumNameLength = 242
}

/// One rule: traffic from the one to the other.
package struct CrossRegionRule: Sendable, Equatable {
    /// Where it stands in the client's document: `/spec/allow/0`.
    package var pointer: String
    package var from: CrossRegionPeer
    package var to: CrossRegionPeer
    /// Any when nil.
    package var transport: NetProtocol?
    /// Of the receiver; any when empty. 1–65535.
    package var ports: [ClosedRange<UInt16>]
}

// A CrossRegionPolicy in etcd: the first GlobalNetworkPolicy that it has become carries it.
extension CrossRegionPolicy {
    /// The annotation that carries the source as canonical JSON (RFC 8785).
    package static let sourceAnnotation = "policyserver/source"
    /// The kind of what is stored.
    package static let storedKind = "GlobalNetworkPolicy"

    /// The source that a stored policy carries; nil when it carries none, or one that is no JSON any more.
    package static func source(ofStored document: JSONValue) -> JSONValue? {
        let annotations = document["metadata"]?["annotations"]
        guard let text = annotations?[sourceAnnotation]?.stringValue else { return nil }
        return try? JSONParser.parse(text)
    }
}

extension AuditRecord.Draft {
    /// A part of the text of every stored policy that carries a source.
    package static let sourceMark = "\"\(CrossRegionPolicy.sourceAnnotation)\":"

    /// Returns true if the row is about an object of `kind`.
    ///
    /// Earlier versions recorded the first policy of a CrossRegionPolicy under Calico's kind, and rows never
    /// change: such rows are of both kinds.
    package func isAbout(kind: String) -> Bool {
        if self.kind == kind { return true }
        guard kind == CrossRegionPolicy.kind, self.kind == CrossRegionPolicy.storedKind else {
            return false
        }
        return [before, after].contains { $0?.contains(Self.sourceMark) ?? false }
    }
}

extension CrossRegionPolicy {
    /// Members that only answers have: what became of what was written. They report the moment of the answer
    /// and are not looked at, as Kubernetes does with a status. `source` is, see `ReadOnlyFields`.
    package static let shownFields = ["status", "source", "compiled", "drift"]

    /// Where the policy is in a document of the deprecated form.
    package static let sourcePointer = "/source"

    /// Returns true for a document of the form that earlier versions showed: the policy as it was written under
    /// `source`, and no `spec`. Deprecated.
    package static func isDeprecatedForm(_ document: JSONValue) -> Bool {
        document["spec"] == nil && document["source"] != nil
    }

    /// The policy in such a document, under the name of its path. Pointers of violations are into the document,
    /// those of the value's rules into `source`.
    package static func decodeDeprecated(
        _ document: JSONValue, name: String
    ) -> Decoded<CrossRegionPolicy> {
        var reader = ObjectReader(document, at: "")
        _ = reader.string("kind")
        _ = reader.string("apiVersion")
        // Labels are those of `source`.
        let metadata = reader.member("metadata").map {
            CrossRegionMetadata($0, name: name, violations: &reader)
        }
        for field in shownFields { reader.ignore(field) }
        var decoded = Decoded<CrossRegionPolicy>(
            value: nil, violations: [], readOnly: ReadOnlyFields())
        if let source = reader.required("source") { decoded = decode(source, name: name) }
        reader.finish()
        decoded.violations = decoded.violations.rewritten { $0.below(sourcePointer) }
        decoded.violations += reader.violations
        decoded.readOnly = metadata?.readOnly ?? decoded.readOnly
        return decoded
    }
}

/// `metadata`, as far as it can be read.
struct CrossRegionMetadata {
    private(set) var labels: [String: String] = [:]
    private(set) var readOnly = ReadOnlyFields()

    init(_ value: JSONValue, name: String, violations: inout ObjectReader) {
        var reader = ObjectReader(value, at: "/metadata")
        if let found = reader.required("name").flatMap({ reader.string($0, at: "/metadata/name") }),
            found.value != name
        {
            reader.add(
                found.pointer, .nameMismatch,
                "expected \"\(name)\", as the path says, found \"\(found.value)\"")
        }
        labels = reader.labelMap()
        readOnly.uid = reader.string("uid")
        readOnly.createdAt = reader.string("creationTimestamp")
        readOnly.revision = Self.revision(&reader)
        reader.finish()
        violations.absorb(reader.violations)
    }

    /// Calico's `resourceVersion` is text; a number is taken too.
    private static func revision(_ reader: inout ObjectReader) -> Int64? {
        guard let text = reader.textOrNumber("resourceVersion", "a string") else { return nil }
        if let revision = ReadOnlyFields.revision(text.value) { return revision }
        reader.add(text.pointer, .numberRange, ReadOnlyFields.expectedRevision(text.value))
        return nil
    }
}
