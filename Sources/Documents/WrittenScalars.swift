import Yams

/// Finds how the scalars of a YAML document are written. The parsed values do not show this: for example, `012` is
/// parsed as the number 10.
package enum WrittenScalars {
    /// Returns, for each of `pointers`, the scalar as it is written; nil for a pointer that does not name a scalar.
    /// The first token of a pointer is the index of a document, counted as in `JSONValue.streamed`. All results are
    /// nil if `bytes` is not YAML.
    package static func texts(of pointers: [String], in bytes: [UInt8]) -> [String?] {
        guard !pointers.isEmpty, var stream = try? YAMLStream(bytes, limits: .body) else {
            return pointers.map { _ in nil }
        }
        var documents: [Node] = []
        while let root = try? stream.nextNode() { documents += streamed(root) }
        return pointers.map { pointer -> String? in
            let tokens = JSONPointer.tokens(pointer)
            guard let index = tokens.first.flatMap({ Int($0) }), documents.indices.contains(index)
            else { return nil }
            let node = tokens.dropFirst().reduce(Node?.some(documents[index])) { node, token in
                node.flatMap { child(token, of: $0) }
            }
            return node?.scalar?.string
        }
    }

    private static func streamed(_ root: Node) -> [Node] {
        root.sequence.map { $0.flatMap(items) } ?? items(root)
    }

    private static func items(_ node: Node) -> [Node] {
        child("items", of: node)?.sequence.map(Array.init) ?? [node]
    }

    private static func child(_ token: String, of node: Node) -> Node? {
        switch node {
        case .mapping(let mapping):
            mapping.first { key($0.key) == token }?.value
        case .sequence(let sequence):
            Int(token).flatMap { sequence.indices.contains($0) ? sequence[$0] : nil }
        case .scalar, .alias: nil
        }
    }

    private static func key(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node else { return nil }
        return try? YAMLScalar(scalar.string, tag: YAMLTag(scalar.tag)).key
    }
}
