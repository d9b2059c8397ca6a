/// Writes one object in canonical form (RFC 8785) member by member, without building it first.
///
/// The caller adds the members in the order of their keys, which are ASCII that needs no escape.
package struct CanonicalObjectWriter {
    private var writer = JSONWriter(escaping: .minimal)

    package init() { begin() }

    /// Starts over, and keeps the memory.
    package mutating func begin() {
        writer.output.removeAll(keepingCapacity: true)
        writer.output.append(UInt8(ascii: "{"))
    }

    package mutating func add(_ key: StaticString, _ text: String) {
        addKey(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        writer.write(text)
    }

    /// Nothing when there is no text.
    package mutating func add(_ key: StaticString, ifPresent text: String?) {
        if let text { add(key, text) }
    }

    /// Nothing when there is no number.
    package mutating func add(_ key: StaticString, ifPresent number: Int64?) {
        guard let number else { return }
        addKey(UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        writer.output.append(contentsOf: String(number).utf8)
    }

    /// Text that is there as UTF-8; ill-formed bytes are copied as they are.
    package mutating func add(
        utf8Key key: [UInt8], utf8 text: UnsafeBufferPointer<UInt8>
    ) {
        key.withUnsafeBufferPointer { addKey($0) }
        writer.write(utf8: text)
    }

    package mutating func add(utf8Key key: [UInt8], _ number: Int64) {
        key.withUnsafeBufferPointer { addKey($0) }
        writer.output.append(contentsOf: String(number).utf8)
    }

    /// The whole object.
    package mutating func end() -> [UInt8] {
        writer.output.append(UInt8(ascii: "}"))
        return writer.output
    }

    /// Hands the whole object to `body` without copying it.
    package mutating func end<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        writer.output.append(UInt8(ascii: "}"))
        return writer.output.withUnsafeBytes(body)
    }

    private mutating func addKey(_ key: UnsafeBufferPointer<UInt8>) {
        if writer.output.count > 1 { writer.output.append(UInt8(ascii: ",")) }
        writer.output.append(UInt8(ascii: "\""))
        writer.output.append(contentsOf: key)
        writer.output.append(UInt8(ascii: "\""))
        writer.output.append(UInt8(ascii: ":"))
    }
}
