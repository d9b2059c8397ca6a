import Domain
import HTTPCore

/// Query parameters of this API's own types; every failure is a 400 problem that names the parameter.
extension Request {
    /// A CIDR in canonical form; with `orAddress` also a bare address, which stands for itself.
    func cidr(_ name: String, orAddress: Bool = false) throws(Problem) -> CIDR? {
        guard let text = query(name) else { return nil }
        var block = text
        if orAddress, !text.contains("/") { block += text.contains(":") ? "/128" : "/32" }
        do {
            return try CIDR(parsing: block)
        } catch {
            throw .malformed("The query parameter \(name): \(error.message(for: text))")
        }
    }

    /// A time as `Timestamp.init(asked:now:)` reads it.
    func time(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        try query(name, expected: Timestamp.askedFormsInURL) { Timestamp(asked: $0, now: now) }
    }

    /// The query parameter `name` as `read` reads it; nil when absent. What it cannot read is refused with
    /// `expected`, the end of "must be …".
    func query<Value>(
        _ name: String, expected: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = read(text) else {
            throw .malformed("The query parameter \(name) must be \(expected); not '\(text)'.")
        }
        return value
    }

    /// One of an enumeration's values.
    func oneOf<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            let legal = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw .malformed("The query parameter \(name) must be one of \(legal), not '\(text)'.")
        }
        return value
    }
}
