import Domain
import HTTPCore

/// Query parameters with types of this API. Every failure is a 400 problem that names the parameter.
extension Request {
    /// Reads a CIDR in canonical form. With `orAddress` also accepts an address, as a block of one address.
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

    /// Reads a time, or a duration before `now`; nil if absent.
    func time(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        try query(name, expected: Timestamp.askedFormsInURL) { Timestamp(asked: $0, now: now) }
    }

    /// Reads the query parameter `name` with `read`; nil if absent. Throws if `read` returns nil; `expected` completes
    /// the message "must be …".
    func query<Value>(
        _ name: String, expected: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = read(text) else {
            throw .malformed("The query parameter \(name) must be \(expected); not '\(text)'.")
        }
        return value
    }

    /// Reads one of the values of an enumeration; nil if absent.
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
