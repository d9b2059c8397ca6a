/// Reads JSON as RFC 8259 defines it, and nothing else.
///
/// Stricter than the RFC only where it leaves a choice: no byte order mark, no repeated key, no lone surrogate.
package enum JSONParser {
    /// The one value in `bytes`.
    package static func parse(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        var reader = JSONReader(bytes, limits: limits)
        return try reader.document()
    }

    /// The one value in `text`.
    package static func parse(
        _ text: String, limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}
