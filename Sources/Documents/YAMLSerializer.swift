/// Writes values as YAML in block style, for people and for `kubectl`-like tools.
package enum YAMLSerializer {
    /// The same value gives the same text; members keep their order. `YAMLParser` and readers of YAML 1.2 read
    /// back the same value, but for numbers that no double can hold.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var writer = YAMLWriter()
        writer.document(value)
        return writer.output
    }
}
