/// Bounds of what an answer says of one violation, which may repeat what the client has sent.
extension ViolationList {
    /// Bytes of UTF-8 of one message, and of one pointer.
    package static let messageBytes = 500
    package static let pointerBytes = 500

    /// The first violation with its place, and how many more there are; empty when there is none.
    package var summary: String {
        guard let first else { return "" }
        return first.summary + (total > 1 ? " (and \(total - 1) more)" : "")
    }
}

extension Violation {
    /// The same violation within the bounds of an answer.
    package var bounded: Violation {
        Violation(
            pointer: pointer.cut(to: ViolationList.pointerBytes), rule: rule,
            message: message.cut(to: ViolationList.messageBytes))
    }

    /// Place and message in one text, bounded.
    package var summary: String {
        let short = bounded
        return short.pointer.isEmpty ? short.message : "\(short.pointer): \(short.message)"
    }
}
