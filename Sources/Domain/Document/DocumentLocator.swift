import Yams

/// Finds in a document's text what a violation's pointer means, so that an answer can name line and column.
///
/// Reads the text once more, so it is for answers that refuse.
package enum DocumentLocator {
    /// Where the key of the pointer's member, or the pointer's element, begins. What is missing is located by
    /// the value that should have it; nil for a text that is no document.
    package static func position(of pointer: String, in bytes: [UInt8]) -> SourcePosition? {
        let path = JSONPointer.tokens(pointer)
        var reader = JSONReader(bytes, limits: .default)
        reader.skipWhitespace()
        if "{[".utf8.contains(reader.current), let offset = try? reader.offset(of: path) {
            return SourcePosition(byteOffset: offset, in: bytes)
        }
        guard var stream = try? YAMLStream(bytes, limits: .default),
            let root = try? stream.nextNode()
        else { return nil }
        return stream.position(of: node(of: path, in: root))
    }

    /// The same in a text that is a stream, where a pointer begins with the position of a document. Nil
    /// also for a YAML stream with lists in it, whose elements count as documents.
    package static func position(ofStreamed pointer: String, in bytes: [UInt8]) -> SourcePosition? {
        let path = JSONPointer.tokens(pointer)
        let first = bytes.first { !" \t\r\n".utf8.contains($0) }
        if first == UInt8(ascii: "[") { return position(of: pointer, in: bytes) }
        guard let index = path.first.flatMap({ Int($0) }),
            var stream = try? YAMLStream(bytes, limits: .default)
        else { return nil }
        var position = 0
        while let root = try? stream.nextNode() {
            guard case .mapping(let mapping) = root,
                !mapping.contains(where: { isKey($0.key, "items") })
            else { return nil }
            if position == index {
                return stream.position(of: node(of: Array(path.dropFirst()), in: root))
            }
            position += 1
        }
        return nil
    }

    private static func node(of path: [String], in root: Node) -> Node {
        var found = root
        var value = root
        for token in path {
            switch value {
            case .mapping(let mapping):
                guard let member = mapping.first(where: { isKey($0.key, token) }) else {
                    return found
                }
                (found, value) = (member.key, member.value)
            case .sequence(let sequence):
                guard let index = Int(token), sequence.indices.contains(index) else { return found }
                (found, value) = (sequence[index], sequence[index])
            case .scalar, .alias: return found
            }
        }
        return found
    }

    private static func isKey(_ node: Node, _ token: String) -> Bool {
        guard case .scalar(let scalar) = node else { return false }
        return (try? YAMLScalar(scalar.string, tag: YAMLTag(scalar.tag)).key) == token
    }
}

extension JSONReader {
    /// The offset of the value at `path`, of its key if it is a member, or of the innermost value on the way.
    fileprivate mutating func offset(of path: [String]) throws(DocumentError) -> Int {
        var found = offset
        for token in path {
            var index = 0
            let isObject = current == UInt8(ascii: "{")
            let bracket = UInt8(ascii: isObject ? "}" : "]")
            guard isObject || current == UInt8(ascii: "[") else { return found }
            try open(1)
            while current != bracket {
                let start = offset
                let name = isObject ? try key() : String(index)
                if name == token {
                    found = start
                    break
                }
                _ = try value(depth: 1)
                if try close(bracket, after: "an element") { return found }
                index += 1
            }
            if current == bracket { return found }
        }
        return found
    }
}
