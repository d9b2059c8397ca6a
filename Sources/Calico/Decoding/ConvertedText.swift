package import Documents
package import Domain

/// Numbers and booleans that stand where Calico has a text.
package enum ConvertedText {
    /// The texts that Calico's decoder makes of them in `document`, a policy or a part of one.
    package static func find(in document: JSONValue, kind: ResourceKind) -> [Located<String>] {
        guard let schema = kind.schema else { return [] }
        var decoder = GoDecoder()
        _ = decoder.record(document, as: schema)
        return decoder.converted
    }
}
