extension CrossRegionPolicy {
    /// Where the policy is in a document that a GET has shown.
    package static let sourcePointer = "/source"

    /// Whether a document is what a GET shows: the policy as it was written under `source`, beside what it became.
    package static func isShown(_ document: JSONValue) -> Bool {
        document["spec"] == nil && document["source"] != nil
    }

    /// The policy in such a document, under the name of its path. Pointers of violations are into the document,
    /// those of the value's rules into `source`.
    ///
    /// `compiled` has to be what it is, as all that the server sets. `drift` is a report of the moment of the GET,
    /// which may say something else now: it is not looked at.
    package static func decodeShown(
        _ document: JSONValue, name: String
    ) -> Decoded<CrossRegionPolicy> {
        var reader = ObjectReader(document, at: "")
        _ = reader.string("kind")
        let metadata = reader.member("metadata").map {
            CrossRegionMetadata($0, name: name, hasLabels: false, violations: &reader)
        }
        let compiled = reader.member("compiled")
        _ = reader.member("drift")
        var decoded = Decoded<CrossRegionPolicy>(
            value: nil, violations: [], readOnly: ReadOnlyFields())
        if let source = reader.required("source") { decoded = decode(source, name: name) }
        reader.finish()
        decoded.violations = decoded.violations.rewritten { $0.below(sourcePointer) }
        decoded.violations += reader.violations
        decoded.readOnly = metadata?.readOnly ?? decoded.readOnly
        decoded.readOnly.compiled = compiled.map { Located($0, at: "/compiled") }
        return decoded
    }
}

/// `metadata`, as far as it can be read.
struct CrossRegionMetadata {
    private(set) var labels: [String: String] = [:]
    private(set) var readOnly = ReadOnlyFields()

    /// - Parameter hasLabels: whether labels belong here, and not into the policy's source.
    init(
        _ value: JSONValue, name: String, hasLabels: Bool, violations: inout ObjectReader
    ) {
        var reader = ObjectReader(value, at: "/metadata")
        if let found = reader.required("name").flatMap({ reader.string($0, at: "/metadata/name") }),
            found.value != name
        {
            reader.add(
                found.pointer, .nameMismatch,
                "expected \"\(name)\", as the path says, found \"\(found.value)\"")
        }
        if hasLabels { labels = reader.labelMap() }
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
