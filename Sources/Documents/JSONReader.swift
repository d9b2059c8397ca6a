/// Reads JSON by RFC 8259, without extensions.
///
/// The parser is stricter than the RFC only in three points that the RFC leaves open: it refuses a byte order mark, a
/// repeated key and a lone surrogate. Foundation's parsers are not sufficient: they do not report repeated keys and
/// positions, and they lose the text of numbers and the order of members. Strict validation needs repeated keys and
/// positions. The stored bytes depend on the text of numbers and the order of members.
package enum JSONParser {
    /// Parses the single value in `bytes`.
    package static func parse(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        var reader = JSONReader(bytes, limits: limits)
        return try reader.document()
    }

    /// Parses the single value in `text`.
    package static func parse(
        _ text: String, limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}

/// The limits on the cost of one document. The size of a document in bytes is limited elsewhere, by the HTTP layer and
/// by etcd.
package struct DocumentLimits: Hashable, Sendable {
    /// The maximum depth of nested arrays and objects. The limit of 64 in `default` and `body` is far above the depth
    /// of Calico resources.
    package var depth: Int
    /// The maximum number of values in the whole document. The values that a YAML alias stands for are counted at each
    /// use of the alias.
    package var nodes: Int
    /// The maximum number of members of one object.
    package var members: Int
    /// The maximum number of characters of one number.
    package var numberLength: Int

    /// The limits for documents that are already stored. A value in etcd has at most 1.5 MiB, and even a real object
    /// of 1.5 MiB is far below these limits.
    package static let `default` = DocumentLimits(depth: 64, nodes: 250_000)

    /// The limits for bodies from clients. Each limit is above the needs of a real policy of 1 MiB: 70,000 networks;
    /// 4,096 annotations of 64 bytes (256 KiB, the limit of Kubernetes); a double of 767 digits. Each limit is also so
    /// low that the most expensive body is read in about a second.
    package static let body = DocumentLimits(
        depth: 64, nodes: 100_000, members: 4_096, numberLength: 1_024)

    package init(depth: Int, nodes: Int, members: Int = .max, numberLength: Int = .max) {
        self.depth = depth
        self.nodes = nodes
        self.members = members
        self.numberLength = numberLength
    }
}

/// Reads JSON text in one pass.
struct JSONReader {
    let bytes: [UInt8]
    let limits: DocumentLimits
    /// The offset of the next byte to read.
    var offset = 0
    private var nodes = 0

    init(_ bytes: [UInt8], limits: DocumentLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The byte at `offset`. At the end of the text it is 0, which is in no legal JSON text.
    var current: UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    mutating func document() throws(DocumentError) -> JSONValue {
        try refuseByteOrderMark()
        skipWhitespace()
        guard offset < bytes.count else {
            throw failure(.documentEmpty, "the document is empty; expected a JSON value")
        }
        let value = try value(depth: 0)
        skipWhitespace()
        guard offset == bytes.count else {
            throw failure(.jsonTrailingData, "expected nothing after the value, found \(found)")
        }
        return value
    }

    mutating func refuseByteOrderMark() throws(DocumentError) {
        guard bytes.starts(with: [0xEF, 0xBB, 0xBF]) else { return }
        throw failure(
            .documentEncoding, "the document starts with a byte order mark; send UTF-8 without one")
    }

    mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
                offset += 1
            default: return
            }
        }
    }

    /// Reads the value at `offset`. The caller must have skipped the white space before the value. The value is inside
    /// `depth` open arrays and objects.
    mutating func value(depth: Int) throws(DocumentError) -> JSONValue {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw failure(
                .documentTooManyValues, "the document has more than \(limits.nodes) values")
        }
        switch current {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        default: throw failure(.jsonSyntax, "expected a value, found \(found)")
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(DocumentError) -> JSONValue {
        let end = offset + word.utf8CodeUnitCount
        guard end <= bytes.count, bytes[offset..<end].elementsEqual("\(word)".utf8) else {
            throw failure(.jsonSyntax, "expected \(word), found another word")
        }
        offset = end
        return value
    }

    private mutating func array(depth: Int) throws(DocumentError) -> [JSONValue] {
        try open(depth)
        var elements: [JSONValue] = []
        if current == UInt8(ascii: "]") {
            offset += 1
            return elements
        }
        while true {
            do throws(DocumentError) {
                elements.append(try value(depth: depth))
            } catch {
                throw error.within(index: elements.count)
            }
            if try close(UInt8(ascii: "]"), after: "an element") { return elements }
        }
    }

    private mutating func object(depth: Int) throws(DocumentError) -> JSONObject {
        try open(depth)
        var members = UniqueMembers()
        if current == UInt8(ascii: "}") {
            offset += 1
            return members.object
        }
        while true {
            let start = offset
            guard members.count < limits.members else {
                throw failure(
                    .documentTooManyMembers, "the object has more than \(limits.members) members")
            }
            let key = try key()
            guard members.admit(key) else {
                throw failure(
                    .documentDuplicateKey, "the key \"\(key)\" occurs twice in this object",
                    at: start
                ).within(key: key)
            }
            do throws(DocumentError) {
                members.append(key, try value(depth: depth))
            } catch {
                throw error.within(key: key)
            }
            if try close(UInt8(ascii: "}"), after: "a member") { return members.object }
        }
    }

    /// Skips the bracket at `offset` and the white space after it.
    mutating func open(_ depth: Int) throws(DocumentError) {
        // The reader is recursive, so this limit also bounds the stack.
        guard depth <= limits.depth else {
            throw failure(
                .documentTooDeep,
                "arrays and objects are nested more than \(limits.depth) levels deep")
        }
        offset += 1
        skipWhitespace()
    }

    /// Reads a member's key and its colon. Afterwards `offset` is at the value.
    mutating func key() throws(DocumentError) -> String {
        guard current == UInt8(ascii: "\"") else {
            throw failure(.jsonSyntax, "expected a key in double quotes, found \(found)")
        }
        let key = try string()
        skipWhitespace()
        guard current == UInt8(ascii: ":") else {
            throw failure(.jsonSyntax, "expected ':' after the key \"\(key)\", found \(found)")
        }
        offset += 1
        skipWhitespace()
        return key
    }

    /// Skips the comma or the closing bracket after an element. Returns true for the bracket, false for the comma.
    mutating func close(_ bracket: UInt8, after what: String) throws(DocumentError) -> Bool {
        skipWhitespace()
        switch current {
        case UInt8(ascii: ","):
            offset += 1
            skipWhitespace()
            return false
        case bracket:
            offset += 1
            return true
        default:
            let bracket = Character(Unicode.Scalar(bracket))
            throw failure(.jsonSyntax, "expected ',' or '\(bracket)' after \(what), found \(found)")
        }
    }
}

extension JSONReader {
    /// Returns an error at `start`, or at `offset` if `start` is nil.
    func failure(_ rule: RuleID, _ message: String, at start: Int? = nil) -> DocumentError {
        DocumentError(
            position: SourcePosition(byteOffset: start ?? offset, in: bytes), rule: rule,
            message: message)
    }

    /// The character at `offset`, in a form for error messages.
    var found: String {
        guard offset < bytes.count else { return "the end of the document" }
        let byte = bytes[offset]
        if (0x20..<0x7F).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
        return "byte 0x" + String(byte, radix: 16, uppercase: true)
    }
}

/// The members of an object under construction, without repeated keys.
struct UniqueMembers {
    private var members: [(key: String, value: JSONValue)] = []
    /// The keys of an object that is too large for a linear search; otherwise empty.
    private var seen: Set<ExactString> = []

    /// The number of members at which `seen` replaces the linear search, because a set is faster for larger objects.
    private static let linearLimit = 16

    /// Returns true if `key` is new. Keys are equal only if their bytes are equal (RFC 8259 section 8.3).
    mutating func admit(_ key: String) -> Bool {
        if members.count < Self.linearLimit {
            return !members.contains { $0.key.isExactly(key) }
        }
        if seen.isEmpty { seen = Set(members.map { ExactString($0.key) }) }
        return seen.insert(ExactString(key)).inserted
    }

    var count: Int { members.count }

    /// Adds a member. The caller must first call `admit` with `key`.
    mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
    }

    var object: JSONObject { JSONObject(uncheckedMembers: members) }
}
