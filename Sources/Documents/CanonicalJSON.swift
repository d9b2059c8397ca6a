extension JSONWriter {
    /// Writes a value in the form of RFC 8785: members sorted by UTF-16 code units (3.2.3), numbers in the form of
    /// ECMAScript (3.2.2.3).
    mutating func writeCanonical(_ value: JSONValue) {
        switch value {
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                writeCanonical(element)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in Self.inOrder(object.members).enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                write(member.key)
                output.append(UInt8(ascii: ":"))
                writeCanonical(member.value)
            }
            output.append(UInt8(ascii: "}"))
        case .number(let number): output.append(contentsOf: number.canonicalLiteral.utf8)
        default: writeScalar(value)
        }
    }

    /// Returns the members sorted by the UTF-16 code units of their keys. For ASCII keys, this order is the order of
    /// the bytes.
    fileprivate static func inOrder(
        _ members: [(key: String, value: JSONValue)]
    ) -> [(key: String, value: JSONValue)] {
        let isASCII = members.allSatisfy { $0.key.utf8.allSatisfy { $0 < 0x80 } }
        guard isASCII else {
            return members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
        }
        let isSorted = zip(members, members.dropFirst()).allSatisfy { $0.key < $1.key }
        return isSorted ? members : members.sorted { $0.key < $1.key }
    }
}

extension JSONValue {
    /// The document with its members in the order of RFC 8785, and with its numbers in the form of RFC 8785. Equal
    /// documents have the same text in this form, whatever program wrote them.
    package var canonicalized: JSONValue {
        switch self {
        case .array(let elements): .array(elements.map(\.canonicalized))
        case .object(let object):
            .object(
                JSONObject(
                    uncheckedMembers: JSONWriter.inOrder(object.members).map {
                        ($0.key, $0.value.canonicalized)
                    }))
        case .number(let number):
            .number(JSONNumber(uncheckedLiteral: number.canonicalLiteral))
        default: self
        }
    }
}

extension JSONNumber {
    /// The number in the form of ECMAScript's `Number::toString`. An integer below 10²¹ has no exponent and keeps all
    /// digits, even if a double would round it. A number that overflows a double keeps its text.
    var canonicalLiteral: String {
        if let integer, integer.magnitude < 1_000_000_000_000_000_000_000 { return String(integer) }
        return double.isFinite ? Self.ecmaScript(double) : literal
    }

    /// Returns the number in the form of ECMA-262 section 6.1.6.1.20, with Swift's shortest digits.
    static func ecmaScript(_ value: Double) -> String {
        if value == 0 { return "0" }
        let sign = value < 0 ? "-" : ""
        let (digits, point) = shortestDigits(value.magnitude.description)
        // ECMAScript writes an exponent only below 10⁻⁶ and from 10²¹ on.
        guard !(-5...21).contains(point) else { return sign + plain(digits, point) }
        let exponent = (point > 0 ? "+" : "-") + String((point - 1).magnitude)
        let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
        return sign + digits.prefix(1) + fraction + "e" + exponent
    }

    /// Returns `digits` without an exponent, with the decimal point after the first `point` digits.
    static func plain(_ digits: String, _ point: Int) -> String {
        if point <= 0 { return "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count {
            return digits + String(repeating: "0", count: point - digits.count)
        }
        return digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// Returns the shortest digits that read back as the same value, and the position of the decimal point in the
    /// digits. The `description` must be Swift's text of a positive number.
    static func shortestDigits(_ description: String) -> (digits: String, point: Int) {
        let parts = description.split(separator: "e")
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        let all = mantissa[0] + fraction
        let leading = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leading))
        while digits.last == "0" { digits.removeLast() }
        return (digits, mantissa[0].count - leading + exponent)
    }
}

/// Writes one object in canonical form (RFC 8785) member by member, without building a `JSONObject`.
///
/// The caller must add the members in the order of their keys. Keys must be ASCII that needs no escape.
package struct CanonicalObjectWriter {
    private var writer = JSONWriter(escaping: .minimal)

    package init() { begin() }

    /// Starts a new object and keeps the allocated memory.
    package mutating func begin() {
        writer.output.removeAll(keepingCapacity: true)
        writer.output.append(UInt8(ascii: "{"))
    }

    /// Adds a member whose value is a string, given as UTF-8 bytes. Copies invalid bytes unchanged.
    package mutating func add(
        utf8Key key: [UInt8], utf8 text: UnsafeBufferPointer<UInt8>
    ) {
        addKey(key)
        writer.write(utf8: text)
    }

    package mutating func add(utf8Key key: [UInt8], _ number: Int64) {
        addKey(key)
        writer.output.append(contentsOf: String(number).utf8)
    }

    /// Ends the object and returns its bytes.
    package mutating func end() -> [UInt8] {
        writer.output.append(UInt8(ascii: "}"))
        return writer.output
    }

    /// Ends the object and passes its bytes to `body` without a copy.
    package mutating func end<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        writer.output.append(UInt8(ascii: "}"))
        return writer.output.withUnsafeBytes(body)
    }

    private mutating func addKey(_ key: [UInt8]) {
        if writer.output.count > 1 { writer.output.append(UInt8(ascii: ",")) }
        writer.output.append(UInt8(ascii: "\""))
        writer.output.append(contentsOf: key)
        writer.output.append(UInt8(ascii: "\""))
        writer.output.append(UInt8(ascii: ":"))
    }
}
