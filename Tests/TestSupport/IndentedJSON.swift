package import Documents

extension JSONValue {
    /// The value as JSON text, indented by two spaces for each level, with a final line feed. Tests compare or
    /// print whole documents in this form.
    package var indented: String { indented(by: 0) + "\n" }

    private func indented(by indent: Int) -> String {
        let start = "\n" + String(repeating: " ", count: indent + 2)
        let end = "\n" + String(repeating: " ", count: indent)
        switch self {
        case .array(let elements) where !elements.isEmpty:
            let lines = elements.map { start + $0.indented(by: indent + 2) }
            return "[" + lines.joined(separator: ",") + end + "]"
        case .object(let object) where !object.isEmpty:
            let lines = object.members.map { key, value in
                start + JSONValue.string(key).indented(by: 0) + ": "
                    + value.indented(by: indent + 2)
            }
            return "{" + lines.joined(separator: ",") + end + "}"
        default: return String(decoding: JSONSerializer.bytes(self), as: UTF8.self)
        }
    }
}
