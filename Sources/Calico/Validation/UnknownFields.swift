package import Documents
import Domain

/// Fields of a stored object that this release does not know, such as those that a newer Calico has written.
package enum UnknownFields {
    /// Pointers to the fields of `document`, an object of `kind`, that Calico's decoder would refuse as unknown.
    package static func pointers(in document: JSONValue, kind: ResourceKind) -> [String] {
        guard let schema = kind.schema else { return [] }
        var decoder = GoDecoder()
        _ = decoder.record(document, as: schema)
        return decoder.violations.filter { $0.rule == .unknownField }.map(\.pointer)
    }
}
