package import Documents

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
