import Calico
import Documents
import Domain

/// Finds names, label values and other texts of Calico's objects that stand without quotes in a YAML text and that
/// YAML reads differently from what is written. For example, `012` is 10 and `yes` is true.
enum UnquotedText {
    /// Returns warnings about texts that the operation is going to store.
    ///
    /// - Parameter text: The YAML text that the operation was read from.
    static func warnings(_ operation: ChangeOperation, in text: [UInt8]) -> [Violation] {
        let found = converted(operation)
        let written = WrittenScalars.texts(of: found.map(\.pointer), in: text)
        // A single document's pointers begin at the document.
        let drop = operation.name == nil ? 0 : "/0".utf8.count
        return zip(found, written).compactMap { found, written in
            guard let written, written != found.value else { return nil }
            return Violation(
                pointer: String(found.pointer.dropFirst(drop)), rule: .unquoted,
                message: "YAML reads \(written.cut(to: 64)) as \(found.value.cut(to: 64)), and that"
                    + " is stored: put it in quotes, \"\(written.cut(to: 64))\", to have it as it is"
                    + " written")
        }
    }

    /// Returns the texts that were converted. Their pointers begin at the stream.
    private static func converted(_ operation: ChangeOperation) -> [Located<String>] {
        switch operation {
        case .put(let name, let document), .patch(let name, let document):
            converted(name, document, at: 0)
        case .apply(let stream, _):
            stream.items.flatMap { converted($0.name, $0.document, at: $0.index) }
        case .delete, .allocateSubnet: []
        }
    }

    private static func converted(
        _ name: ObjectName, _ document: JSONValue, at index: Int
    ) -> [Located<String>] {
        // This server's own kinds of documents accept only strings where a text is expected.
        guard !Representation.isCrossRegion(document) else { return [] }
        let kind: ResourceKind
        switch name {
        case .policy: kind = .globalNetworkPolicy
        case .regionPolicy: kind = .networkPolicy
        case .region, .subnet: return []
        }
        return ConvertedText.find(in: document, kind: kind).map {
            Located($0.value, at: "/\(index)" + $0.pointer)
        }
    }
}

extension RuleID {
    /// A text without quotes that YAML reads as another one.
    static let unquoted = RuleID("document.unquoted")
}
