import Calico
import Documents

/// The stored fields that a patch does not change and that this release does not know, such as fields of a newer
/// Calico. The client did not send these fields, so they are removed before the policy is judged, and restored
/// afterwards.
struct KeptFields: Sendable {
    private var fields: [(pointer: String, value: JSONValue)] = []

    static let none = KeptFields()
    private init() {}

    /// - Parameters:
    ///   - stored: The object before the patch.
    ///   - merged: The object after the patch.
    init(stored: JSONValue, merged: JSONValue, kind: ResourceKind) {
        fields = UnknownFields.pointers(in: stored, kind: kind).compactMap { pointer in
            let tokens = JSONPointer.tokens(pointer)
            guard let value = stored.value(at: tokens), merged.value(at: tokens) == value else {
                return nil
            }
            return (pointer, value)
        }
    }

    /// Returns `document` without the kept fields.
    func removed(from document: JSONValue) -> JSONValue {
        fields.reduce(document) { $0.replacing(JSONPointer.tokens($1.pointer)[...], with: nil) }
    }

    /// Returns `document` with the kept fields.
    func restored(in document: JSONValue) -> JSONValue {
        fields.reduce(document) {
            $0.replacing(JSONPointer.tokens($1.pointer)[...], with: $1.value)
        }
    }

    /// Returns a violation for each kept field that is missing in `restored`. A document without a kept field must not
    /// be written, because a policy rule without the field may have the opposite meaning.
    func losses(in restored: JSONValue) -> [Violation] {
        let lost = fields.filter {
            restored.value(at: JSONPointer.tokens($0.pointer)) != $0.value
        }
        return lost.map {
            Violation(
                pointer: $0.pointer, rule: .keptUnknown,
                message:
                    "the stored policy has a field here that this server does not know and cannot keep:"
                    + " PUT the whole policy without the field, or use a tool that knows the field")
        }
    }

    var warnings: [Violation] {
        fields.map {
            Violation(
                pointer: $0.pointer, rule: .keptUnknown,
                message: "this server does not know this field and leaves it as it is stored"
            )
        }
    }
}

extension JSONValue {
    /// Returns the value with the part at `tokens` replaced by `new`, or removed if `new` is nil.
    ///
    /// If a removal leaves an object empty, also removes that object, because Calico treats `services: {}` as an error
    /// and does not store `source: {}`. A later replacement creates the missing objects along the path.
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
    /// Warns that a patch keeps a stored field that this server does not know. Violated when the field cannot be kept.
    static let keptUnknown = RuleID("document.kept-unknown")
}
