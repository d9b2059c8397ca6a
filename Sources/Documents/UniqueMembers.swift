/// Members of an object under construction; knows which keys it has seen without a set for the usual few.
struct UniqueMembers {
    private var members: [(key: String, value: JSONValue)] = []
    /// Filled only once a linear search would no longer be the cheaper one.
    private var seen: Set<ExactString> = []

    /// Past this many members a set is faster than comparing one by one.
    private static let linearLimit = 16

    /// Whether `key` is new; two keys are one only if they are the same bytes (RFC 8259 section 8.3).
    mutating func admit(_ key: String) -> Bool {
        if members.count < Self.linearLimit {
            return !members.contains { $0.key.isExactly(key) }
        }
        if seen.isEmpty { seen = Set(members.map { ExactString($0.key) }) }
        return seen.insert(ExactString(key)).inserted
    }

    var count: Int { members.count }

    /// Adds a member whose key was admitted just before.
    mutating func append(_ key: String, _ value: JSONValue) {
        members.append((key, value))
    }

    var object: JSONObject { JSONObject(uncheckedMembers: members) }
}
