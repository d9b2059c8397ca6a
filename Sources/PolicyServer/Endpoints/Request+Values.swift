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

    /// A time in RFC 3339.
    func time(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = query(name) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw .malformed(
                "The query parameter \(name) must be a time such as 2026-03-01T12:00:00Z, not '\(text)'."
                    + Self.plusHint(text))
        }
        return time
    }

    /// What to write when `text` is a time whose + the URL turned into a space; empty for any other text.
    static func plusHint(_ text: String) -> String {
        guard let space = text.lastIndex(of: " "),
            Timestamp(rfc3339: text[..<space] + "+" + text[space...].dropFirst()) != nil
        else { return "" }
        return " In a URL + means a space: write %2B for it, or the time in UTC with Z."
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
