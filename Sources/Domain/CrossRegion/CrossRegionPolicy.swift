package import Documents

/// A policy between regions in OpenStack's terms. It allows and denies traffic between peers.
///
/// Each rule of `deny` wins over each rule of `allow`, whatever their order in the document. `CrossRegionCompiler`
/// compiles the policy into Calico's policies.
package struct CrossRegionPolicy: Sendable, Equatable {
    package var name: String
    package var labels: [String: String]
    /// The description, 1–4096 characters.
    package var description: String?
    /// The order among policies; a lower number comes first. A policy without an order comes after all policies that
    /// have an order.
    package var order: JSONNumber?
    package var deny: [CrossRegionRule]
    package var allow: [CrossRegionRule]
    /// The members `kind`, `metadata.name`, `metadata.labels` and `spec` of the client's document.
    package var source: JSONValue
}

extension CrossRegionPolicy {
    package static let kind = "CrossRegionPolicy"
    package static let apiVersion = "policyserver/v1"
    /// The maximum number of rules in each list. It is equal to Calico's limit for one policy.
    package static let maximumRules = 1_024

    /// Returns an error message about an illegal name; nil if the name is legal.
    ///
    /// A dot is illegal, because Calico up to 3.28 refuses it, and Calico 3.29 to 3.31 reads the part before a dot as
    /// the tier (libcalico-go `validator/v3`, `names.TieredPolicyName`). The maximum length is 11 characters below
    /// Calico's limit of 253. Eight of these 11 characters are reserved for the prefix `default.`, which Calico up to
    /// 3.31 stores, and three for the number of a compiled policy, such as `-01`.
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

/// One rule about traffic from one peer to another.
package struct CrossRegionRule: Sendable, Equatable {
    /// The pointer of the rule in the client's document: `/spec/allow/0`.
    package var pointer: String
    package var from: CrossRegionPeer
    package var to: CrossRegionPeer
    /// The protocol; nil means any.
    package var transport: NetProtocol?
    /// The receiver's ports, 1–65535; empty means any.
    package var ports: [ClosedRange<UInt16>]
}

// A CrossRegionPolicy is compiled into GlobalNetworkPolicies. In etcd, the first of these policies has an annotation
// with the source of the CrossRegionPolicy.
extension CrossRegionPolicy {
    /// The annotation that holds the source as canonical JSON (RFC 8785).
    package static let sourceAnnotation = "policyserver/source"
    /// The kind of the compiled policies.
    package static let storedKind = "GlobalNetworkPolicy"

    /// Returns the source in the annotation of a stored policy. Returns nil if the annotation is absent or if another
    /// tool has made it invalid JSON.
    package static func source(ofStored document: JSONValue) -> JSONValue? {
        let annotations = document["metadata"]?["annotations"]
        guard let text = annotations?[sourceAnnotation]?.stringValue else { return nil }
        return try? JSONParser.parse(text)
    }
}

extension AuditRecord.Draft {
    /// A string that is in the JSON of every stored policy with a source: the key of the annotation, in quotes and
    /// with a colon.
    package static let sourceMark = "\"\(CrossRegionPolicy.sourceAnnotation)\":"

    /// Returns true if the row is about an object of `kind`.
    ///
    /// Earlier versions recorded a change of a CrossRegionPolicy as a change of its first compiled GlobalNetworkPolicy.
    /// Rows are never rewritten, so such a row is about both kinds.
    package func isAbout(kind: String) -> Bool {
        if self.kind == kind { return true }
        guard kind == CrossRegionPolicy.kind, self.kind == CrossRegionPolicy.storedKind else {
            return false
        }
        // The ledger's index (`CrossRegionRows`) searches for the same string, so the index and this function find the
        // same rows.
        return [before, after].contains { $0?.contains(Self.sourceMark) ?? false }
    }
}

extension CrossRegionPolicy {
    /// The members that the server adds to its answers. These members report the state at the time of the answer. In a
    /// request, the server ignores these members, just as Kubernetes ignores `status`. The only exception is `source`,
    /// which the server checks (`ReadOnlyFields`).
    package static let shownFields = ["status", "source", "compiled", "drift"]

    /// The pointer of the policy in a document of the deprecated form.
    package static let sourcePointer = "/source"

    /// Returns true if the document has the deprecated form of earlier versions: a member `source` with the policy as
    /// its author wrote it, and no `spec`.
    package static func isDeprecatedForm(_ document: JSONValue) -> Bool {
        document["spec"] == nil && document["source"] != nil
    }

    /// Reads the policy in a document of the deprecated form. The `name` comes from the request's path. Pointers of
    /// violations refer to the whole document. Pointers in the decoded rules are relative to `source`.
    package static func decodeDeprecated(
        _ document: JSONValue, name: String
    ) -> DocumentReading<CrossRegionPolicy> {
        var reader = ObjectReader(document, at: "")
        _ = reader.string("kind")
        _ = reader.string("apiVersion")
        let metadata = reader.member("metadata").map {
            CrossRegionMetadata($0, name: name, violations: &reader)
        }
        for field in shownFields { reader.ignore(field) }
        var decoded = DocumentReading<CrossRegionPolicy>(
            value: nil, violations: [], readOnly: ReadOnlyFields())
        if let source = reader.required("source") { decoded = decode(source, name: name) }
        reader.finish()
        decoded.violations = decoded.violations.rewritten { $0.below(sourcePointer) }
        decoded.violations += reader.violations
        decoded.readOnly = metadata?.readOnly ?? decoded.readOnly
        // The policy's labels come from `source`. The labels in the outer metadata are only a copy. The copy is
        // returned in `readOnly`, so that the caller can compare it with the policy's labels.
        if let metadata, document["metadata"]?["labels"] != nil {
            decoded.readOnly.labels = Located(metadata.labels, at: "/metadata/labels")
        }
        return decoded
    }
}

/// The decoded `metadata` of a CrossRegionPolicy.
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

    /// Reads `resourceVersion`, which is a string, as in Calico's documents, or a number.
    private static func revision(_ reader: inout ObjectReader) -> Int64? {
        guard let text = reader.textOrNumber("resourceVersion", "a string") else { return nil }
        if let revision = ReadOnlyFields.revision(text.value) { return revision }
        reader.add(text.pointer, .numberRange, ReadOnlyFields.expectedRevision(text.value))
        return nil
    }
}
