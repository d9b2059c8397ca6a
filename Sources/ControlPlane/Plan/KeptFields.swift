import Calico
import Documents

/// The fields that a patch leaves alone and that this release cannot judge: they are stored already, such as a newer
/// Calico writes them, and nobody sent them. They are taken out before the policy is judged and put back after.
struct KeptFields: Sendable {
    private var fields: [(pointer: String, value: JSONValue)] = []

    static let none = KeptFields()
    private init() {}

    /// - Parameters:
    ///   - stored: the object as the patch finds it.
    ///   - merged: the object as the patch leaves it.
    init(stored: JSONValue, merged: JSONValue, kind: ResourceKind) {
        fields = UnknownFields.pointers(in: stored, kind: kind).compactMap { pointer in
            let tokens = JSONPointer.tokens(pointer)
            guard let value = stored.value(at: tokens), merged.value(at: tokens) == value else {
                return nil
            }
            return (pointer, value)
        }
    }

    /// `document` without the fields.
    func removed(from document: JSONValue) -> JSONValue {
        fields.reduce(document) { $0.replacing(JSONPointer.tokens($1.pointer)[...], with: nil) }
    }

    /// `document` with the fields.
    func restored(in document: JSONValue) -> JSONValue {
        fields.reduce(document) {
            $0.replacing(JSONPointer.tokens($1.pointer)[...], with: $1.value)
        }
    }

    /// The fields that `restored` lacks: it must not be written, since a rule without them may say the
    /// opposite of what it said.
    func losses(in restored: JSONValue) -> [Violation] {
        let lost = fields.filter {
            restored.value(at: JSONPointer.tokens($0.pointer)) != $0.value
        }
        return lost.map {
            Violation(
                pointer: $0.pointer, rule: .keptUnknown,
                message: "this server does not know the field that is stored here and cannot"
                    + " keep it: PUT the whole policy without it, or use a tool that knows it")
        }
    }

    var warnings: [Violation] {
        fields.map {
            Violation(
                pointer: $0.pointer, rule: .keptUnknown,
                message: "there is no such field that this server knows; it is kept as it is stored"
            )
        }
    }
}

extension JSONValue {
    /// The value with what is at `tokens` replaced, or removed for nil.
    ///
    /// An object that a removal leaves empty goes too: Calico reads `services: {}` as a mistake, and the
    /// form that it stores has no `source: {}`. So objects that are missing on the way are made again.
    fileprivate func replacing(_ tokens: ArraySlice<String>, with new: JSONValue?) -> JSONValue {
        guard let token = tokens.first else { return new ?? self }
        let rest = tokens.dropFirst()
        switch self {
        case .object(var object):
            if rest.isEmpty {
                object[token] = new
                return .object(object)
            }
            let empty = JSONValue.object(JSONObject())
            if case .some = new {
                object[token] = (object[token] ?? empty).replacing(rest, with: new)
            } else if let inner = object[token] {
                let remaining = inner.replacing(rest, with: new)
                object[token] = remaining == empty ? Optional.none : remaining
            }
            return .object(object)
        case .array(var elements):
            guard let index = Int(token), elements.indices.contains(index), !rest.isEmpty else {
                return self
            }
            elements[index] = elements[index].replacing(rest, with: new)
            return .array(elements)
        default: return self
        }
    }
}

extension RuleID {
    /// A patch leaves a stored field alone that this server does not know.
    static let keptUnknown = RuleID("document.kept-unknown")
}
