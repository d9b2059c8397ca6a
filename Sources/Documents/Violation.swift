/// One rule that a client's document breaks.
package struct Violation: Hashable, Sendable {
    /// The RFC 6901 pointer into the client's body; empty for the whole document.
    package var pointer: String
    /// The stable identifier of the rule, in lower-case words with dots: `subnet.overlap`. Tests compare the
    /// identifier, not the message.
    package var rule: RuleID
    /// The message for a person. It names the problem and, where possible, the correct form.
    package var message: String

    package init(pointer: String, rule: RuleID, message: String) {
        self.pointer = pointer
        self.rule = rule
        self.message = message
    }
}

extension Violation {
    /// Returns the violation with `prefix` before its pointer. The prefix is the pointer of the checked value in the
    /// client's body.
    package func below(_ prefix: String) -> Violation {
        var violation = self
        violation.pointer = prefix + pointer
        return violation
    }

    /// The JSON form of the violation in answers and in the ledger.
    package var document: JSONValue {
        [
            "pointer": .string(pointer), "rule": .string(rule.name), "message": .string(message),
        ]
    }
}

/// The stable identifier of a validation rule. Each area declares its own rules as static members in an
/// extension.
package struct RuleID: Hashable, Sendable, CustomStringConvertible {
    package let name: String

    package init(_ name: String) { self.name = name }

    package var description: String { name }
}

/// The violations of a document: the first violations found, and the number of all violations.
///
/// A document of one megabyte can break a hundred thousand rules. The first violations are enough for the client to
/// correct the document. Keeping and sending all violations would cost more than reading the document.
package struct ViolationList: Sendable, Equatable {
    /// The maximum number of violations that are kept.
    package static let limit = 100

    private var kept: [Violation] = []
    /// The number of violations found, including violations that are not kept.
    package private(set) var total = 0

    package init() {}

    package init(_ violations: some Sequence<Violation>) { append(contentsOf: violations) }

    /// True if the list keeps no further violations and only counts them.
    package var isFull: Bool { kept.count >= Self.limit }

    package mutating func append(_ violation: Violation) {
        total += 1
        if !isFull { kept.append(violation) }
    }

    /// Adds `count` to `total` without keeping any violation.
    package mutating func skip(_ count: Int = 1) { total += count }

    package mutating func append(contentsOf violations: some Sequence<Violation>) {
        for violation in violations { append(violation) }
    }

    package mutating func append(contentsOf list: ViolationList) {
        for violation in list.kept { append(violation) }
        skip(list.total - list.kept.count)
    }

    /// Returns the list after applying `change` to each kept violation.
    package func rewritten(_ change: (Violation) -> Violation) -> ViolationList {
        var list = self
        list.kept = kept.map(change)
        return list
    }

    /// Returns the kept violations. If there are more violations, an additional last violation states how many were not
    /// kept.
    package func summarised(by rule: RuleID) -> [Violation] {
        guard total > kept.count else { return kept }
        let more = Violation(pointer: "", rule: rule, message: "and \(total - kept.count) more")
        return kept + [more]
    }

    package static func + (left: ViolationList, right: ViolationList) -> ViolationList {
        var list = left
        list.append(contentsOf: right)
        return list
    }

    package static func + (left: ViolationList, right: [Violation]) -> ViolationList {
        var list = left
        list.append(contentsOf: right)
        return list
    }

    package static func += (left: inout ViolationList, right: ViolationList) {
        left.append(contentsOf: right)
    }

    package static func += (left: inout ViolationList, right: [Violation]) {
        left.append(contentsOf: right)
    }
}

/// The violations that are kept, in the order in which they were found.
extension ViolationList: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { kept.count }
    package subscript(index: Int) -> Violation { kept[index] }
}

extension ViolationList: ExpressibleByArrayLiteral {
    package init(arrayLiteral violations: Violation...) { self.init(violations) }
}

/// The limits for one violation in an answer. The limits are necessary, because a violation may repeat parts of the
/// client's text.
extension ViolationList {
    /// The maximum number of UTF-8 bytes of a message.
    package static let messageBytes = 500
    package static let pointerBytes = 500

    /// The first violation with its pointer, and the number of other violations; empty if there are no violations.
    package var summary: String {
        guard let first else { return "" }
        return first.summary + (total > 1 ? " (and \(total - 1) more)" : "")
    }
}

extension Violation {
    /// The violation, cut to the limits of an answer.
    package var bounded: Violation {
        Violation(
            pointer: pointer.cut(to: ViolationList.pointerBytes), rule: rule,
            message: message.cut(to: ViolationList.messageBytes))
    }

    /// The pointer and the message in one string, cut to the limits of an answer.
    package var summary: String {
        let short = bounded
        return short.pointer.isEmpty ? short.message : "\(short.pointer): \(short.message)"
    }
}
