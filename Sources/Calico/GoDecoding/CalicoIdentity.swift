package import Documents
package import Domain

/// What a document says of the object it is, as Calico's decoder reads it: a number or a boolean in the place of
/// a text is that text, and letter case in the names of members does not matter.
///
/// Members that are absent, null or empty are nil: to Go these are one.
package struct CalicoIdentity: Sendable {
    package var apiVersion: Located<String>?
    package var kind: Located<String>?
    package var name: Located<String>?
    package var namespace: Located<String>?
    package var resourceVersion: Located<String>?
    package var uid: Located<String>?
    package var creationTimestamp: Located<String>?
    /// `default` when the document names none.
    package var tier = Defaulting.defaultTier

    init(_ resource: GoRecord) {
        apiVersion = Self.text("apiVersion", of: resource)
        kind = Self.text("kind", of: resource)
        if let tier = resource.record("spec").flatMap({ Self.text("tier", of: $0) }) {
            self.tier = tier.value
        }
        guard let metadata = resource.record("metadata") else { return }
        name = Self.text("name", of: metadata)
        namespace = Self.text("namespace", of: metadata)
        resourceVersion = Self.text("resourceVersion", of: metadata)
        uid = Self.text("uid", of: metadata)
        creationTimestamp = Self.text("creationTimestamp", of: metadata)
    }

    /// Reads `kind` and `metadata` of a document of any kind of Calico's.
    ///
    /// - Returns: what is there, and what is wrong with these two; the rest is for the validator.
    package static func read(_ document: JSONValue) -> (CalicoIdentity, violations: ViolationList) {
        var decoder = GoDecoder()
        let resource = decoder.record(document, as: MetadataSchema.envelope)
        return (CalicoIdentity(resource), decoder.violations)
    }

    private static func text(_ name: String, of record: GoRecord) -> Located<String>? {
        let text = record.string(name)
        return text.isEmpty ? nil : Located(text, at: record.pointer(to: name))
    }
}
