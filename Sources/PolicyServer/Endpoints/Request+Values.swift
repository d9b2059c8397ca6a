import Domain
import HTTPCore

/// Reads query parameters of types that this API defines. Every error is a 400 problem whose message contains the name
/// of the parameter.
extension Request {
    /// Reads a CIDR in canonical form; returns nil if the parameter is absent. With `orAddress`, also accepts an
    /// address and returns the network that contains only this address.
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

    /// Reads a time, or a duration that is subtracted from `now`. Returns nil if the parameter is absent.
    func time(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        try query(name, expected: Timestamp.askedFormsInURL) { Timestamp(asked: $0, now: now) }
    }

    /// Reads the query parameter `name` with `read`. Returns nil if the parameter is absent. Throws if `read` returns
    /// nil; `expected` completes the message "must be …".
    func query<Value>(
        _ name: String, expected: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = query(name) else { return nil }
        guard let value = read(text) else {
            throw .malformed("The query parameter \(name) must be \(expected); not '\(text)'.")
        }
        return value
    }

    /// Reads a parameter whose text must be one of the values of an enumeration. Returns nil if the parameter is
    /// absent.
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
