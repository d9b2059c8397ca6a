import Domain

/// A document of kind CrossRegionPolicy, read as far as that needs nothing else.
struct PreparedCrossRegion: Sendable {
    var decoded: Decoded<CrossRegionPolicy>
    /// What a pointer to a place of the policy begins with: a document may be what a GET showed, with the policy
    /// as it was written under `source`.
    private let prefix: String

    /// Nil when the document is of another kind.
    init?(_ document: JSONValue, name: String) {
        guard document["kind"]?.stringValue == CrossRegionPolicy.kind else { return nil }
        if CrossRegionPolicy.isShown(document) {
            decoded = CrossRegionPolicy.decodeShown(document, name: name)
            prefix = CrossRegionPolicy.sourcePointer
        } else {
            decoded = CrossRegionPolicy.decode(document, name: name)
            prefix = ""
        }
    }

    /// A violation of the policy at its place in the client's document.
    func placed(_ violation: Violation) -> Violation { violation.below(prefix) }
}
