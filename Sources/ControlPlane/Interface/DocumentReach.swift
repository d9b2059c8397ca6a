package import Documents
package import Domain

/// The kind of the object that a document describes, and the regions that the object would touch.
package struct DocumentReach: Sendable, Equatable {
    package var kind: String
    package var regions: RegionSet

    /// Reads one document of the form that `apply` accepts. Does not read stored objects. Returns the violations if the
    /// document breaks rules.
    package static func by(
        _ document: JSONValue
    ) -> (touched: DocumentReach?, violations: ViolationList) {
        guard document.streamed.count == 1 else {
            let violation = Violation(
                pointer: "", rule: .wrongType, message: "expected one document, found a list")
            return (nil, [violation])
        }
        let manifest = Manifest([StreamedDocument(document)])
        guard let item = manifest.items.first else {
            // Removes the document's index from the pointers, because the caller's document is not part of a manifest.
            return (nil, manifest.violations.rewritten { $0.inside("/0") })
        }
        let change = PreparedChange(.put(item.name, item.document), regions: [])
        if let (kind, regions) = change.result {
            return (DocumentReach(kind: kind, regions: regions), [])
        }
        switch change {
        case .putRegion(let name, _):
            return (DocumentReach(kind: "Region", regions: .some([name])), [])
        case .putSubnet(let id, _):
            return (DocumentReach(kind: "Subnet", regions: .some([id.region])), [])
        case .putPolicy(_, let judged): return (nil, judged.violations)
        case .putCrossRegion(_, let prepared): return (nil, prepared.decoded.violations)
        case .patch, .delete, .allocate, .apply, .settle: return (nil, [])
        }
    }
}

extension Violation {
    /// Returns the violation with `pointer` removed from the beginning of its own pointer. Returns the violation
    /// unchanged if its own pointer does not begin with `pointer`.
    fileprivate func inside(_ pointer: String) -> Violation {
        guard self.pointer.hasPrefix(pointer) else { return self }
        return Violation(
            pointer: String(self.pointer.dropFirst(pointer.count)), rule: rule, message: message)
    }
}
