import Calico
import Documents
import Domain

/// Finds unquoted names, label values and other strings of Calico objects that YAML reads differently from their
/// written form. For example, YAML reads `012` as 10 and `yes` as true.
enum UnquotedText {
    /// Returns warnings about the strings that YAML has converted and that the operation will store.
    ///
    /// - Parameter text: The YAML text from which the operation was read.
    static func warnings(_ operation: ChangeOperation, in text: [UInt8]) -> [Violation] {
        let found = converted(operation)
        let written = WrittenScalars.texts(of: found.map(\.pointer), in: text)
        // Drops the document's index from the pointers if the client sent a single document and not a manifest.
        let drop = operation.name == nil ? 0 : "/0".utf8.count
        return zip(found, written).compactMap { found, written in
            guard let written, written != found.value else { return nil }
            return Violation(
                pointer: String(found.pointer.dropFirst(drop)), rule: .unquoted,
                message:
                    "YAML reads \(written.cut(to: 64)) as \(found.value.cut(to: 64)), and this value"
                    + " is stored: to store the text as you wrote it, put it in quotes,"
                    + " \"\(written.cut(to: 64))\"")
        }
    }

    /// Returns the strings that YAML has converted. Each pointer begins with the index of the document.
    private static func converted(_ operation: ChangeOperation) -> [Located<String>] {
        switch operation {
        case .put(let name, let document), .patch(let name, let document):
            converted(name, document, at: 0)
        case .apply(let manifest, _):
            manifest.items.flatMap { converted($0.name, $0.document, at: $0.index) }
        case .delete, .allocateSubnet, .settle: []
        }
    }

    private static func converted(
        _ name: ObjectName, _ document: JSONValue, at index: Int
    ) -> [Located<String>] {
        // Finds nothing in this server's own kinds, because they accept no number or boolean in place of a string.
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
    /// Warns that YAML reads an unquoted string as a different value.
    static let unquoted = RuleID("document.unquoted")
}
