/// Typed access to path and query parameters. Every failure is a 400 problem that names the parameter.
extension Request {
    /// Returns the decoded path segment at the position of `{name}` in the route's pattern.
    package func path(_ name: String) throws(Problem) -> String {
        for parameter in pathParameters where parameter.name == name { return parameter.value }
        throw .badRequest("The path parameter \(name) is missing.")
    }

    /// Returns the value of `{name}` as a `Value`.
    package func path<Value: ParameterValue>(
        _ name: String, as type: Value.Type
    ) throws(Problem) -> Value {
        try type.parse(path(name), name: "path parameter \(name)")
    }

    /// Returns the first value of the query parameter `name`; nil if absent.
    package func query(_ name: String) -> String? {
        query[name]
    }

    /// Returns the query parameter `name` as a `Value`; nil if absent.
    package func query<Value: ParameterValue>(
        _ name: String, as type: Value.Type
    ) throws(Problem) -> Value? {
        guard let text = query[name] else { return nil }
        return try type.parse(text, name: "query parameter \(name)")
    }

    /// Returns the query parameter `name` as a number in `range`; nil if absent.
    package func query<Value: ParameterValue & Comparable>(
        _ name: String, as type: Value.Type, in range: ClosedRange<Value>
    ) throws(Problem) -> Value? {
        guard let text = query[name] else { return nil }
        guard let value = Value(parameter: text), range.contains(value) else {
            throw .badRequest(
                "The query parameter \(name) must be \(Value.expectation) from"
                    + " \(range.lowerBound) to \(range.upperBound), not '\(text)'.")
        }
        return value
    }

    /// Returns all values of a repeatable query parameter, in order.
    package func queryValues(_ name: String) -> [String] {
        query.values(of: name)
    }
}

/// A type that can be read from a path or query parameter.
package protocol ParameterValue {
    /// A description of legal values for an error message, such as "an integer".
    static var expectation: String { get }
    /// Returns nil if `text` is not a legal value.
    init?(parameter text: String)
}

extension ParameterValue {
    fileprivate static func parse(_ text: String, name: String) throws(Problem) -> Self {
        guard let value = Self(parameter: text) else {
            throw .badRequest("The \(name) must be \(expectation), not '\(text)'.")
        }
        return value
    }
}

extension ParameterValue where Self: FixedWidthInteger {
    package static var expectation: String { "an integer" }

    package init?(parameter text: String) {
        self.init(decimal: text)
    }
}

extension Int: ParameterValue {}
extension Int64: ParameterValue {}
extension UInt64: ParameterValue {}

extension Bool: ParameterValue {
    package static var expectation: String { "true or false" }

    package init?(parameter text: String) {
        self.init(text)
    }
}

extension String: ParameterValue {
    package static var expectation: String { "a string" }

    package init?(parameter text: String) {
        self = text
    }
}

extension FixedWidthInteger {
    /// Reads digits, with a `-` before them for a signed type. Returns nil for any other text and for a number that
    /// does not fit. Returns nil for a `+` before the digits, which Swift's own initializer accepts.
    package init?(decimal text: some StringProtocol) {
        guard let first = text.utf8.first, first != UInt8(ascii: "+") else { return nil }
        self.init(text, radix: 10)
    }
}
