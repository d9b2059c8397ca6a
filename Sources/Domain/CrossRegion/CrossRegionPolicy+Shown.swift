package import Documents

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
        // Labels are those of `source`.
        if let metadata, document["metadata"]?["labels"] != nil {
            decoded.readOnly.labels = Located(metadata.labels, at: "/metadata/labels")
        }
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
