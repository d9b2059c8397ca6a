package import Domain

extension CrossRegionDrift {
    /// The drift of a policy whose annotation holds a source that cannot be read (any more).
    package static func unreadable(_ source: JSONValue, of name: String) -> Drift {
        let annotation = JSONPointer.append("/metadata/annotations", CrossRegionAnnotation.source)
        return Drift(object: name, pointer: annotation, found: source)
    }
}
