import Documents

extension FlatReader {
    /// A required network.
    mutating func block(_ field: String) -> CIDR? {
        require(field)
        return optionalBlock(field)
    }

    mutating func optionalBlock(_ field: String) -> CIDR? {
        guard let value = member(field) else { return nil }
        return cidr(value, at: "/" + field)
    }

    /// Networks that do not overlap one another; those that cannot be read are left out.
    mutating func blocks(_ field: String, limit: Int) -> [CIDR] {
        guard let value = member(field) else { return [] }
        guard let elements = value.arrayValue else {
            add("/" + field, .wrongType, "expected an array, found \(value.typeName)")
            return []
        }
        guard elements.count <= limit else {
            add(
                "/" + field, .regionBlockCount, "expected at most \(limit), found \(elements.count)"
            )
            return []
        }
        var blocks: [CIDR] = []
        for (index, element) in elements.enumerated() {
            let pointer = "/\(field)/\(index)"
            guard let block = cidr(element, at: pointer) else { continue }
            if let other = blocks.first(where: { $0.overlaps(block) }) {
                add(pointer, .regionBlocksOverlap, "\(block) overlaps \(other) of the same region")
            }
            blocks.append(block)
        }
        return blocks
    }

    private mutating func cidr(_ value: JSONValue, at pointer: String) -> CIDR? {
        guard let text = value.stringValue else {
            add(pointer, .wrongType, "expected a string, found \(value.typeName)")
            return nil
        }
        do {
            return try CIDR(parsing: text)
        } catch {
            add(pointer, error.rule, error.message(for: text))
            return nil
        }
    }
}
