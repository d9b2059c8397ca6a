import Yams

/// Finds the lines and columns of the values that the pointers of violations name.
///
/// The locator reads the text again, in one pass for all pointers. This cost arises only when a document is refused.
package enum DocumentLocator {
    /// Returns the position of the value that each pointer names, in the order of `pointers`. The position of a member
    /// is the position of the member's key. A missing member gets the position of the value that should contain the
    /// member. All positions are nil if the text is not a document.
    package static func positions(of pointers: [String], in bytes: [UInt8]) -> [SourcePosition?] {
        let tree = PointerTree(pointers)
        if let offsets = json(tree, in: bytes) {
            return positions(tree.resolved(offsets), in: bytes)
        }
        guard var stream = try? YAMLStream(bytes, limits: .body),
            let root = try? stream.nextNode()
        else { return pointers.map { _ in nil } }
        var marks: [Int: Mark] = [:]
        find(tree, tree.root, at: root, root, &marks)
        return stream.positions(tree.resolved(marks))
    }

    /// Returns the position of the value that each pointer names in a manifest. The first token of each pointer must be
    /// the index of a document.
    ///
    /// All positions are nil for a YAML manifest that contains a list (`items`), because this function does not search
    /// in such a list.
    package static func positions(
        ofStreamed pointers: [String], in bytes: [UInt8]
    ) -> [SourcePosition?] {
        let unknown: [SourcePosition?] = pointers.map { _ in nil }
        switch bytes.first(where: { !" \t\r\n".utf8.contains($0) }) {
        case UInt8(ascii: "["): return positions(of: pointers, in: bytes)
        case UInt8(ascii: "{"): if let found = inOneObject(pointers, bytes) { return found }
        default: break
        }
        let tree = PointerTree(pointers)
        guard var stream = try? YAMLStream(bytes, limits: .body) else { return unknown }
        var marks: [Int: Mark] = [:]
        var index = 0
        while let root = try? stream.nextNode() {
            guard case .mapping(let mapping) = root,
                !mapping.contains(where: { key($0.key) == "items" })
            else { return unknown }
            if let child = tree.child(String(index), of: tree.root) {
                find(tree, child, at: root, root, &marks)
            }
            index += 1
        }
        return stream.positions(tree.resolved(marks))
    }

    /// Returns the positions in a manifest that is one JSON object: a document, or a list of documents in `items`.
    /// Returns nil if the text is not JSON.
    private static func inOneObject(_ pointers: [String], _ bytes: [UInt8]) -> [SourcePosition?]? {
        // The object may be one document or a list of documents. It is not known yet which, so each pointer is looked
        // up in both forms: for one document without the index 0, for a list with `/items` in front.
        let own = pointers.map { $0.hasPrefix("/0") ? String($0.dropFirst(2)) : $0 }
        let tree = PointerTree(own + pointers.map { "/items" + $0 } + ["", "/items"])
        guard let offsets = json(tree, in: bytes) else { return nil }
        let places = positions(tree.resolved(offsets), in: bytes)
        // The last two places are the place of the whole object and the place of `items`. If `items` is absent, it gets
        // the place of the whole object. So the object is a list if the two places differ.
        let isList = places[2 * pointers.count] != places[2 * pointers.count + 1]
        let start = isList ? pointers.count : 0
        return Array(places[start..<start + pointers.count])
    }

    /// Returns the byte offset of each node of the tree; nil if the text is not a JSON object or array.
    private static func json(_ tree: PointerTree, in bytes: [UInt8]) -> [Int: Int]? {
        var reader = JSONReader(bytes, limits: .body)
        reader.skipWhitespace()
        guard "{[".utf8.contains(reader.current) else { return nil }
        var offsets = [tree.root: reader.offset]
        guard (try? reader.locate(tree, tree.root, depth: 0, &offsets)) != nil else { return nil }
        return offsets
    }

    /// Returns the lines and columns of the offsets, in one pass over the bytes.
    private static func positions(_ offsets: [Int?], in bytes: [UInt8]) -> [SourcePosition?] {
        let places = SourcePosition.all(byteOffsets: offsets.compactMap { $0 }, in: bytes)
        return offsets.map { offset in offset.flatMap { places[$0] } }
    }

    private static func find(
        _ tree: PointerTree, _ node: Int, at place: Node, _ value: Node, _ marks: inout [Int: Mark]
    ) {
        marks[node] = place.mark
        guard tree.hasChildren(node) else { return }
        switch value {
        case .mapping(let mapping):
            for (keyNode, value) in mapping {
                guard let child = key(keyNode).flatMap({ tree.child($0, of: node) }) else {
                    continue
                }
                find(tree, child, at: keyNode, value, &marks)
            }
        case .sequence(let sequence):
            for (index, element) in sequence.enumerated() {
                guard let child = tree.child(String(index), of: node) else { continue }
                find(tree, child, at: element, element, &marks)
            }
        case .scalar, .alias: break
        }
    }

    private static func key(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node else { return nil }
        return try? YAMLScalar(scalar.string, tag: YAMLTag(scalar.tag)).key
    }
}

extension JSONReader {
    /// Reads past the value at the reader's offset, which must be the value of `node`. Records in `offsets` where each
    /// descendant of `node` in the tree was found.
    fileprivate mutating func locate(
        _ tree: PointerTree, _ node: Int, depth: Int, _ offsets: inout [Int: Int]
    ) throws(DocumentError) {
        let isObject = current == UInt8(ascii: "{")
        guard tree.hasChildren(node), isObject || current == UInt8(ascii: "[") else {
            _ = try value(depth: depth)
            return
        }
        let bracket = UInt8(ascii: isObject ? "}" : "]")
        try open(depth + 1)
        if current == bracket {
            offset += 1
            return
        }
        var index = 0
        repeat {
            let start = offset
            let name = isObject ? try key() : String(index)
            if let child = tree.child(name, of: node) {
                offsets[child] = start
                try locate(tree, child, depth: depth + 1, &offsets)
            } else {
                _ = try value(depth: depth + 1)
            }
            index += 1
        } while try !close(bracket, after: "an element")
    }
}

/// A tree of the tokens of several pointers. With the tree, one pass over a document finds the values of all pointers.
private struct PointerTree {
    private struct Node {
        var parent: Int?
        var children: [ExactString: Int] = [:]
    }

    let root = 0
    private var nodes = [Node()]
    /// The node that represents each pointer, in the order of the pointers.
    private var ends: [Int] = []

    init(_ pointers: [String]) {
        for pointer in pointers {
            var node = root
            for token in JSONPointer.tokens(pointer) {
                if let child = child(token, of: node) {
                    node = child
                } else {
                    nodes.append(Node(parent: node))
                    nodes[node].children[ExactString(token)] = nodes.count - 1
                    node = nodes.count - 1
                }
            }
            ends.append(node)
        }
    }

    func hasChildren(_ node: Int) -> Bool { !nodes[node].children.isEmpty }

    func child(_ token: String, of node: Int) -> Int? { nodes[node].children[ExactString(token)] }

    /// Returns the place that was found for each pointer. If no place was found for a pointer, returns the place of the
    /// nearest parent.
    func resolved<Place>(_ found: [Int: Place]) -> [Place?] {
        ends.map { end in
            var node: Int? = end
            while let current = node {
                if let place = found[current] { return place }
                node = nodes[current].parent
            }
            return nil
        }
    }
}
