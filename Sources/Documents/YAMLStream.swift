import Yams

/// The documents of one YAML text, read one after the other.
struct YAMLStream {
    private let text: String
    private let parser: Yams.Parser
    private var builder: YAMLBuilder

    init(_ bytes: [UInt8], limits: DocumentLimits) throws(DocumentError) {
        if let offset = UTF8Sequence.firstInvalidOffset(in: bytes) {
            throw DocumentError(
                position: SourcePosition(byteOffset: offset, in: bytes), rule: .documentEncoding,
                message: "the text is not valid UTF-8 here")
        }
        let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        try YAMLKeyCost.check(bytes)
        try YAMLDirectives.check(bytes)
        text = String(decoding: isMarked ? bytes[3...] : bytes[...], as: UTF8.self)
        builder = YAMLBuilder(text: text, limits: limits)
        do {
            parser = try Yams.Parser(yaml: text, resolver: YAMLTag.markingPlain, encoding: .utf8)
        } catch {
            throw DocumentError(error, in: text)
        }
    }

    /// The next document's value; nil at the end.
    mutating func next() throws(DocumentError) -> JSONValue? {
        guard let node = try nextNode() else { return nil }
        return try builder.value(node, depth: 0)
    }

    /// The next document's value and line; nil at the end.
    mutating func nextDocument() throws(DocumentError) -> StreamedDocument? {
        guard let node = try nextNode() else { return nil }
        return StreamedDocument(try builder.value(node, depth: 0), line: node.mark?.line)
    }

    /// The next document that is not empty; nil at the end.
    mutating func nextNode() throws(DocumentError) -> Node? {
        do {
            while let node = try parser.nextRoot() {
                if !node.isEmptyDocument { return node }
            }
            return nil
        } catch {
            throw DocumentError(error, in: text)
        }
    }

    func position(of node: Node) -> SourcePosition? { builder.position(of: node) }

    /// The places of several marks, in one walk over the text.
    func positions(_ marks: [Mark?]) -> [SourcePosition?] {
        let known = marks.compactMap { $0 }.map { (line: $0.line, column: $0.column) }
        var places = SourcePosition.all(known, inYAML: text)[...]
        return marks.map { $0 == nil ? nil : places.popFirst() }
    }
}

extension Node {
    /// Whether there is nothing between two `---`.
    fileprivate var isEmptyDocument: Bool {
        guard case .scalar(let scalar) = self else { return false }
        return scalar.string.isEmpty && scalar.style == .plain && YAMLTag(scalar.tag) == .none
    }
}
