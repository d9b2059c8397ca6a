/// The decoded parameters of a query, in the order sent.
package struct QueryItems: Sendable {
    package private(set) var items: [(name: String, value: String)] = []

    package init() {}

    package init(_ items: [(name: String, value: String)]) {
        self.items = items
    }

    /// Reads `name=value` pairs joined by `&`; `+` is a space, as HTML forms and curl send it.
    /// Throws a 400 problem on an invalid percent sequence or invalid UTF-8.
    package init(parsing text: Substring) throws(Problem) {
        for pair in text.split(separator: "&") {
            let separator = pair.utf8.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = percentDecoded(pair[..<separator], plusIsSpace: true),
                let value = percentDecoded(
                    pair[separator...].dropFirst(), plusIsSpace: true)
            else {
                throw .badRequest("The query has an invalid percent-encoding in '\(pair)'.")
            }
            items.append((name, value))
        }
    }

    /// The first value of `name`.
    package subscript(name: String) -> String? {
        for item in items where item.name == name { return item.value }
        return nil
    }

    /// Every value of `name`, in order.
    package func values(of name: String) -> [String] {
        items.filter { $0.name == name }.map(\.value)
    }

    /// Throws a 400 problem naming the first parameter that is not in `declared`, or that repeats
    /// although its declaration says it must not.
    func check(against declared: [QueryParameter]) throws(Problem) {
        for (index, item) in items.enumerated() {
            guard let parameter = declared.first(where: { $0.name == item.name }) else {
                let known = declared.map(\.name).joined(separator: ", ")
                throw .badRequest(
                    "The query parameter '\(item.name)' is not known here; known: "
                        + (known.isEmpty ? "none" : known) + ".")
            }
            if !parameter.repeats, items[..<index].contains(where: { $0.name == item.name }) {
                throw .badRequest("The query parameter '\(item.name)' may be given only once.")
            }
        }
    }
}
