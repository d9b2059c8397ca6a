import Calico
import Domain

/// A document of kind CrossRegionPolicy, read as far as that needs nothing else.
struct PreparedCrossRegion: Sendable {
    var decoded: Decoded<CrossRegionPolicy>
    /// What a violation's pointer begins with: a document may be what a GET showed, with the policy as it
    /// was written under `source`.
    private var prefix = ""

    /// Nil when the document is of another kind.
    init?(_ document: JSONValue, name: String) {
        guard document["kind"]?.stringValue == CrossRegionPolicy.kind else { return nil }
        guard document["spec"] == nil, let source = document["source"] else {
            decoded = CrossRegionPolicy.decode(document, name: name)
            return
        }
        prefix = "/source"
        decoded = CrossRegionPolicy.decode(source, name: name)
        if let version = document["metadata"]?["resourceVersion"]?.stringValue {
            decoded.readOnly.revision = Int64(version)
        }
        decoded.violations = decoded.violations.map(placed)
        let known: Set = ["kind", "metadata", "source", "compiled", "drift"]
        for key in document.objectValue?.keys ?? [] where !known.contains(key) {
            decoded.violations.append(
                Violation(
                    pointer: JSONPointer.append("", key), rule: .unknownField,
                    message: "unknown field beside source; known are "
                        + known.sorted().joined(separator: ", ")))
        }
    }

    /// A violation of the policy at its place in the client's document.
    func placed(_ violation: Violation) -> Violation {
        var violation = violation
        violation.pointer = prefix + violation.pointer
        return violation
    }
}
