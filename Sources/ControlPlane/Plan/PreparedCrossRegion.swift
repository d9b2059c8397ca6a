import Documents
import Domain

/// A document of kind CrossRegionPolicy, read as far as that needs nothing else.
struct PreparedCrossRegion: Sendable {
    var decoded: Decoded<CrossRegionPolicy>
    /// The beginning of a pointer to a place of the policy: `/source` in a document of the deprecated form.
    private let prefix: String

    /// Nil when the document is of another kind.
    init?(_ document: JSONValue, name: String) {
        guard Representation.isCrossRegion(document) else { return nil }
        if CrossRegionPolicy.isDeprecatedForm(document) {
            decoded = CrossRegionPolicy.decodeDeprecated(document, name: name)
            prefix = CrossRegionPolicy.sourcePointer
        } else {
            decoded = CrossRegionPolicy.decode(document, name: name)
            prefix = ""
        }
    }

    /// A violation of the policy at its place in the client's document.
    func placed(_ violation: Violation) -> Violation { violation.below(prefix) }

    /// The violation of a document that has `spec`, and in the deprecated `source` something else: whoever made it
    /// knows the deprecated form, and a change made there must not be lost in silence.
    ///
    /// - Parameter current: The object as it is shown now; nil when there is none.
    func changedSource(_ current: ObjectView?) -> [Violation] {
        guard let source = decoded.readOnly.source, let written = decoded.value?.source,
            source.value != written, source.value != current?.document["source"]
        else { return [] }
        return [
            Violation(
                pointer: source.pointer, rule: .readOnlyField,
                message: "source is only shown, as a copy of what was written: change spec and"
                    + " metadata.labels, and leave source out")
        ]
    }
}
