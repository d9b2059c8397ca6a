/// What is wrong with a document: the first violations found, and how many there are in all.
///
/// A document of a megabyte can break a hundred thousand rules. The first few say what to change; to keep and to
/// answer all of them would cost more than the document did.
package struct ViolationList: Sendable, Equatable {
    /// Violations that are kept.
    package static let limit = 100

    private var kept: [Violation] = []
    /// All that were found, kept or not.
    package private(set) var total = 0

    package init() {}

    package init(_ violations: some Sequence<Violation>) { append(contentsOf: violations) }

    /// Whether a further violation would only be counted.
    package var isFull: Bool { kept.count >= Self.limit }

    package mutating func append(_ violation: Violation) {
        total += 1
        if !isFull { kept.append(violation) }
    }

    /// Counts `count` violations that nobody will see.
    package mutating func skip(_ count: Int = 1) { total += count }

    package mutating func append(contentsOf violations: some Sequence<Violation>) {
        for violation in violations { append(violation) }
    }

    package mutating func append(contentsOf list: ViolationList) {
        for violation in list.kept { append(violation) }
        skip(list.total - list.kept.count)
    }

    /// The same list with each violation changed, such as moved to another place.
    package func rewritten(_ change: (Violation) -> Violation) -> ViolationList {
        var list = self
        list.kept = kept.map(change)
        return list
    }

    /// The violations that are kept, and one more that counts the others, where there are others.
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
