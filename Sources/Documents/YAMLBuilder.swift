import Yams

/// Turns the nodes of YAML documents into values, within the limits.
///
/// Yams has put a copy in the place of each alias, so the limit of nodes bounds what aliases expand to.
struct YAMLBuilder {
    private let text: String
    private let limits: DocumentLimits
    private var nodes = 0

    init(text: String, limits: DocumentLimits) {
        self.text = text
        self.limits = limits
    }

    /// The value of `node`, around which `depth` collections are open.
    mutating func value(_ node: Node, depth: Int) throws(DocumentError) -> JSONValue {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw failure(
                node, .documentTooManyValues,
                "more than \(limits.nodes) values in one document, aliases counted each time")
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
                    "a number of \(length) characters; at most \(limits.numberLength) are possible")
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

    /// The message of `error`, with what was probably meant: `!has(x)` is a tag to YAML.
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
                node, .documentTooDeep, "nested deeper than \(limits.depth) lists and mappings")
        }
        return depth + 1
    }

    private func requireTag(
        of node: Node, _ tag: Tag, _ expected: YAMLTag
    ) throws(DocumentError) {
        let tag = YAMLTag(tag)
        guard tag == .none || tag == expected else {
            throw failure(node, .yamlTag, "this tag does not fit; write the value without a tag")
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
            node, .documentTooManyMembers, "more than \(limits.members) members in one mapping")
    }

    private func duplicate(_ key: String, _ node: Node) -> DocumentError {
        failure(node, .documentDuplicateKey, "the key \"\(key)\" occurs twice in this mapping")
            .within(key: key)
    }

    /// What `<<` brings in: a mapping, or a list of mappings of which the earlier ones win
    /// (yaml.org/type/merge.html).
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
                    keyNode, .yamlMerge, "'<<' takes a mapping or a list of mappings"
                ).within(key: "<<")
            }
            for (key, value) in object where merged.admit(key) { merged.append(key, value) }
        }
        let earlier = before.membersByKey
        if let clash = merged.object.keys.first(where: { earlier[ExactString($0)] != nil }) {
            throw failure(
                keyNode, .yamlMerge,
                "put '<<' before \"\(clash)\", which it also sets: readers disagree which one wins"
            ).within(key: "<<")
        }
        return merged.object
    }
}

extension Node {
    /// Whether this key is an untagged plain `<<`, or tagged `!!merge` (goyaml.v2 `isMerge`).
    fileprivate var isMergeKey: Bool {
        guard case .scalar(let scalar) = self, scalar.string == "<<" else { return false }
        return YAMLTag(scalar.tag) == .none || YAMLTag(scalar.tag) == .merge
    }
}
