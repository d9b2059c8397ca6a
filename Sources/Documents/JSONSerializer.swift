/// Writes values as JSON text (RFC 8259); members and numbers stay as they are unless said otherwise.
package enum JSONSerializer {
    /// Without white space.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.write(value)
        return writer.output
    }

    /// Indented by two spaces, for people; ends with a line feed.
    package static func pretty(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.writePretty(value, indent: 0)
        writer.output.append(UInt8(ascii: "\n"))
        return writer.output
    }

    /// Without white space, escaped as Go's `json.Marshal` does by default (1.22 or later), so that
    /// what calicoctl would have stored is the same bytes.
    package static func goBytes(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .go)
        writer.write(value)
        return writer.output
    }

    /// The JSON Canonicalization Scheme (RFC 8785): one text for one value, to hash and to compare.
    ///
    /// Integers that a double cannot hold, which the scheme leaves to strings (section 3.1), keep their digits.
    package static func canonical(_ value: JSONValue) -> [UInt8] {
        var writer = JSONWriter(escaping: .minimal)
        writer.writeCanonical(value)
        return writer.output
    }
}
