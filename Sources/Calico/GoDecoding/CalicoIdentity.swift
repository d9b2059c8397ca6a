package import Documents
package import Domain

/// The identity of an object as its document gives it. The document is read by the rules of Calico's decoder: a number
/// or a boolean is accepted as a string, and letter case in member names is ignored.
///
/// A member that is absent, null or empty is nil, because Go does not distinguish these cases.
package struct CalicoIdentity: Sendable {
    package var apiVersion: Located<String>?
    package var kind: Located<String>?
    package var name: Located<String>?
    package var namespace: Located<String>?
    package var resourceVersion: Located<String>?
    package var uid: Located<String>?
    package var creationTimestamp: Located<String>?
    /// The tier; `default` if the document names no tier.
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

    /// Reads `kind` and `metadata` of a document of any of Calico's kinds.
    ///
    /// - Returns: the identity, and the violations in these two members. The validator checks the other members.
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
