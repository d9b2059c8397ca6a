import Yams

/// Reads YAML into the value that calicoctl would send for the same text.
///
/// The parser follows the rules of sigs.k8s.io/yaml on goyaml.v2 (`resolve.go`, `decode.go`, `yaml.go`): YAML 1.1
/// scalars (`YAMLScalar`), and keys that become strings. calicoctl uses these rules, and a policy must mean the same
/// in both programs. The parser is stricter than Go in a few points: it refuses a repeated key, an unknown tag,
/// `!!binary`, `!!timestamp`, infinite numbers, and a `<<` after a key that the `<<` also sets. `GoDecoder` later
/// turns a number into a string if the field must be a string. A U+FEFF at the start of a scalar is lost, because Yams
/// gets its strings through a Foundation call that drops this character.
package enum YAMLParser {
    /// Parses the single document in `bytes`.
    package static func parse(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> JSONValue {
        if let value = try json(bytes, limits: limits) { return value }
        var documents = try YAMLStream(bytes, limits: limits)
        guard let first = try documents.next() else {
            let hint = YAMLHint.oneLine(String(decoding: bytes, as: UTF8.self)).map { "; " + $0 }
            throw DocumentError(
                position: SourcePosition(byteOffset: bytes.count, in: bytes), rule: .documentEmpty,
                message: "the document is empty; expected a YAML value\(hint ?? "")")
        }
        guard let second = try documents.nextNode() else { return first }
        throw DocumentError(
            position: documents.position(of: second), rule: .yamlMultipleDocuments,
            message: "expected one document, found several; send several to /v1/apply")
    }

    /// Parses all documents in `bytes` that are not empty. The limit `limits.nodes` applies to all documents
    /// together.
    package static func documents(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> [JSONValue] {
        try stream(bytes, limits: limits).map(\.value)
    }

    /// Parses all documents and finds the lines in which they begin. The pointer of an error begins with the index of
    /// the document.
    package static func stream(
        _ bytes: [UInt8], limits: DocumentLimits = .default
    ) throws(DocumentError) -> [StreamedDocument] {
        var found: [StreamedDocument] = []
        var count = 0
        do throws(DocumentError) {
            if let value = try json(bytes, limits: limits) { return [StreamedDocument(value)] }
            var documents = try YAMLStream(bytes, limits: limits)
            while let document = try documents.nextDocument() {
                found.append(document)
                count += document.value.streamed.count
            }
            return found
        } catch {
            throw error.inStream(after: count)
        }
    }

    /// Returns the value of a text that is JSON; nil for other texts. YAML includes JSON, but the JSON reader is faster
    /// and reports repeated keys more exactly. Throws for a repeated key and for a text that exceeds `limits`.
    private static func json(
        _ bytes: [UInt8], limits: DocumentLimits
    ) throws(DocumentError) -> JSONValue? {
        let first = bytes.first { !" \t\r\n".utf8.contains($0) }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return nil }
        do throws(DocumentError) {
            return try JSONParser.parse(bytes, limits: limits)
        } catch {
            switch error.rule {
            case .documentDuplicateKey: throw error
            case let rule where RuleID.documentBounds.contains(rule): throw error
            default: return nil
            }
        }
    }
}

/// Reads the documents of one YAML text one after another.
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

    /// Returns the next document's value; nil at the end.
    mutating func next() throws(DocumentError) -> JSONValue? {
        guard let node = try nextNode() else { return nil }
        return try builder.value(node, depth: 0)
    }

    /// Returns the next document's value and line; nil at the end.
    mutating func nextDocument() throws(DocumentError) -> StreamedDocument? {
        guard let node = try nextNode() else { return nil }
        return StreamedDocument(try builder.value(node, depth: 0), line: node.mark?.line)
    }

    /// Returns the next document that is not empty; nil at the end.
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

    /// Returns the positions of several marks, in one pass over the text.
    func positions(_ marks: [Mark?]) -> [SourcePosition?] {
        let known = marks.compactMap { $0 }.map { (line: $0.line, column: $0.column) }
        var places = SourcePosition.all(known, inYAML: text)[...]
        return marks.map { $0 == nil ? nil : places.popFirst() }
    }
}

extension Node {
    /// True if the document is empty, for example between two `---`.
    fileprivate var isEmptyDocument: Bool {
        guard case .scalar(let scalar) = self else { return false }
        return scalar.string.isEmpty && scalar.style == .plain && YAMLTag(scalar.tag) == .none
    }
}

/// Converts the nodes of YAML documents to values, within the limits.
///
/// Yams replaces each alias by a copy, so the limit on nodes also limits the expansion of aliases.
struct YAMLBuilder {
    private let text: String
    private let limits: DocumentLimits
    private var nodes = 0

    init(text: String, limits: DocumentLimits) {
        self.text = text
        self.limits = limits
    }

    /// Converts `node`, which is inside `depth` open collections.
    mutating func value(_ node: Node, depth: Int) throws(DocumentError) -> JSONValue {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw failure(
                node, .documentTooManyValues,
                "the document has more than \(limits.nodes) values; every use of an alias counts its values again"
            )
        }
        switch node {
        case .scalar(let scalar):
            let value: JSONValue
            do throws(YAMLScalarError) {
                value = try YAMLScalar(scalar.string, tag: YAMLTag(scalar.tag)).jsonValue
            } catch {
                throw failure(node, error.rule, Self.hinting(error, scalar))
            }
            if let length = value.numberValue?.literal.utf8.count, length > limits.numberLength {
                throw failure(
                    node, .documentNumberTooLong,
                    "this number has \(length) characters; at most \(limits.numberLength) are allowed"
                )
            }
            return value
        case .sequence(let sequence):
            try requireTag(of: node, sequence.tag, .sequence)
            return .array(try elements(Array(sequence), depth: try deeper(depth, node)))
        case .mapping(let mapping):
            try requireTag(of: node, mapping.tag, .mapping)
            let pairs = mapping.map { (key: $0.key, value: $0.value) }
            return .object(try members(pairs, depth: try deeper(depth, node)))
        case .alias(let alias):
            throw failure(node, .yamlSyntax, "the alias \(alias.anchor) has no anchor")
        }
    }

    /// Returns the message of `error`, with a hint for selectors, because YAML reads `!has(x)` as a tag.
    private static func hinting(_ error: YAMLScalarError, _ scalar: Node.Scalar) -> String {
        guard error.rule == .yamlTag, scalar.tag.description.hasPrefix("!") else {
            return error.message
        }
        return error.message + ", or put a value that begins with ! in quotes"
    }

    func position(of node: Node) -> SourcePosition? {
        node.mark.map { SourcePosition(line: $0.line, column: $0.column, inYAML: text) }
    }

    func failure(_ node: Node, _ rule: RuleID, _ message: String) -> DocumentError {
        DocumentError(position: position(of: node), rule: rule, message: message)
    }

    private func deeper(_ depth: Int, _ node: Node) throws(DocumentError) -> Int {
        guard depth < limits.depth else {
            throw failure(
                node, .documentTooDeep,
                "lists and mappings are nested more than \(limits.depth) levels deep")
        }
        return depth + 1
    }

    private func requireTag(
        of node: Node, _ tag: Tag, _ expected: YAMLTag
    ) throws(DocumentError) {
        let tag = YAMLTag(tag)
        guard tag == .none || tag == expected else {
            throw failure(
                node, .yamlTag, "this tag does not fit the value; write the value without a tag")
        }
    }

    private mutating func elements(
        _ nodes: [Node], depth: Int
    ) throws(DocumentError) -> [JSONValue] {
        var elements: [JSONValue] = []
        for node in nodes {
            do throws(DocumentError) {
                elements.append(try value(node, depth: depth))
            } catch {
                throw error.within(index: elements.count)
            }
        }
        return elements
    }

    private mutating func members(
        _ pairs: [(key: Node, value: Node)], depth: Int
    ) throws(DocumentError) -> JSONObject {
        var explicit = UniqueMembers()
        var merged: JSONObject?
        for (keyNode, valueNode) in pairs {
            guard explicit.count < limits.members else { throw tooManyMembers(keyNode) }
            if keyNode.isMergeKey {
                guard merged == nil else { throw duplicate("<<", keyNode) }
                merged = try mergedMembers(keyNode, valueNode, explicit.object, depth: depth)
                continue
            }
            let key = try key(keyNode)
            guard explicit.admit(key) else { throw duplicate(key, keyNode) }
            do throws(DocumentError) {
                explicit.append(key, try value(valueNode, depth: depth))
            } catch {
                throw error.within(key: key)
            }
        }
        guard let merged else { return explicit.object }
        let overriding = explicit.object.membersByKey
        let inherited = merged.members.filter { overriding[ExactString($0.key)] == nil }
        guard inherited.count + explicit.count <= limits.members else {
            throw tooManyMembers(pairs[0].key)
        }
        return JSONObject(uncheckedMembers: inherited + explicit.object.members)
    }

    private func key(_ node: Node) throws(DocumentError) -> String {
        guard case .scalar(let scalar) = node else {
            throw failure(node, .yamlKey, "a key must be a scalar, not a list or a mapping")
        }
        do throws(YAMLScalarError) {
            return try YAMLScalar(scalar.string, tag: YAMLTag(scalar.tag)).key
        } catch {
            throw failure(node, error.rule, error.message)
        }
    }

    private func tooManyMembers(_ node: Node) -> DocumentError {
        failure(
            node, .documentTooManyMembers, "the mapping has more than \(limits.members) members")
    }

    private func duplicate(_ key: String, _ node: Node) -> DocumentError {
        failure(node, .documentDuplicateKey, "the key \"\(key)\" occurs twice in this mapping")
            .within(key: key)
    }

    /// Returns the members that `<<` adds. The value of `<<` must be a mapping or a list of mappings. In a list,
    /// earlier mappings win (yaml.org/type/merge.html).
    private mutating func mergedMembers(
        _ keyNode: Node, _ node: Node, _ before: JSONObject, depth: Int
    ) throws(DocumentError) -> JSONObject {
        let value: JSONValue
        do throws(DocumentError) {
            value = try self.value(node, depth: depth)
        } catch {
            throw error.within(key: "<<")
        }
        var merged = UniqueMembers()
        for source in value.arrayValue ?? [value] {
            guard let object = source.objectValue else {
                throw failure(
                    keyNode, .yamlMerge, "the value of '<<' must be a mapping or a list of mappings"
                ).within(key: "<<")
            }
            for (key, value) in object where merged.admit(key) { merged.append(key, value) }
        }
        let earlier = before.membersByKey
        if let clash = merged.object.keys.first(where: { earlier[ExactString($0)] != nil }) {
            throw failure(
                keyNode, .yamlMerge,
                "'<<' also sets \"\(clash)\": put '<<' before that key, because YAML parsers disagree about which"
                    + " value wins"
            ).within(key: "<<")
        }
        return merged.object
    }
}

extension Node {
    /// True if the key is `<<`, either untagged or tagged `!!merge` (goyaml.v2 `isMerge`).
    fileprivate var isMergeKey: Bool {
        guard case .scalar(let scalar) = self, scalar.string == "<<" else { return false }
        return YAMLTag(scalar.tag) == .none || YAMLTag(scalar.tag) == .merge
    }
}
