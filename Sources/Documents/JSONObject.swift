/// The members of a JSON object in the order they were written; a key occurs once.
///
/// Keys are compared by their bytes (RFC 8259 section 8.3); equality does not depend on the order.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSONValue)] = []

    package init() {}

    /// `members` must not repeat a key: the parsers refuse documents that do.
    package init(uncheckedMembers members: [(key: String, value: JSONValue)]) {
        self.members = members
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var keys: [String] { members.map(\.key) }

    /// The value of `key`. Setting a new key appends it; setting nil removes it. Linear: objects are small;
    /// `membersByKey` is for walking one object by the keys of another.
    package subscript(key: String) -> JSONValue? {
        get { members.first { $0.key.isExactly(key) }?.value }
        set {
            let index = members.firstIndex { $0.key.isExactly(key) }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// All members, to look many of them up at a constant cost each.
    var membersByKey: [ExactString: JSONValue] {
        Dictionary(members.map { (ExactString($0.key), $0.value) }) { first, _ in first }
    }
}

extension JSONObject: Sequence {
    package func makeIterator() -> IndexingIterator<[(key: String, value: JSONValue)]> {
        members.makeIterator()
    }
}

extension JSONObject: Hashable {
    package static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        guard lhs.count == rhs.count else { return false }
        let inOrder = zip(lhs.members, rhs.members).allSatisfy { $0.key.isExactly($1.key) }
        if inOrder { return zip(lhs.members, rhs.members).allSatisfy { $0.value == $1.value } }
        let others = rhs.membersByKey
        return lhs.members.allSatisfy { others[ExactString($0.key)] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        var combined = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(ExactString(key))
            member.combine(value)
            combined ^= member.finalize()
        }
        hasher.combine(combined)
    }
}
