package import HTTPCore
import HTTPTypes

/// Reads the field Authorization (RFC 9110 section 11.6.2) with a Bearer credential (RFC 6750 section 2.1).
package enum AuthorizationField {
    /// The challenge of all authenticators that read Bearer credentials.
    package static let bearerChallenge = #"Bearer realm="policy-server""#

    /// Returns the Bearer credential of the request; nil if the field is absent or has another scheme. Throws a 400
    /// problem if the request has several such fields, and a 401 problem if the credential is malformed.
    package static func bearer(_ request: Request) throws(Problem) -> Substring? {
        let values = request.headers[values: .authorization]
        guard let value = values.first else { return nil }
        // A request with several fields is refused (RFC 9110 section 5.3). Otherwise a proxy could identify the client
        // by one field, and this server by another.
        guard values.count == 1 else {
            throw .malformed("A request must not have more than one Authorization field.")
        }
        let scheme = value.utf8.prefix { $0 != UInt8(ascii: " ") }
        guard isBearer(scheme) else { return nil }
        let token = value[scheme.endIndex...].drop { $0 == " " }
        guard isToken68(token.utf8) else {
            throw .invalidToken(
                "Authorization must be the word Bearer, a space, and the token without quotes.")
        }
        return token
    }

    /// Returns true if `scheme` is the word Bearer in any letter case (RFC 9110 section 11.1).
    private static func isBearer(_ scheme: Substring.UTF8View) -> Bool {
        scheme.count == 6 && zip(scheme, "bearer".utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    /// Returns true if `bytes` have the form `token68` (RFC 9110 section 11.2), which RFC 6750 calls `b64token`.
    private static func isToken68(_ bytes: Substring.UTF8View) -> Bool {
        var isPadding = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "="):
                guard byte != bytes.first else { return false }
                isPadding = true
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                guard !isPadding else { return false }
            default: return false
            }
        }
        return !bytes.isEmpty
    }
}

extension Problem {
    /// Returns the 401 problem for an invalid Bearer credential (RFC 6750 section 3.1). `detail` must not contain the
    /// credential.
    package static func invalidToken(_ detail: String) -> Problem {
        var problem = ProblemKind.unauthenticated.problem(detail)
        problem.headers[.wwwAuthenticate] =
            AuthorizationField.bearerChallenge + #", error="invalid_token""#
        return problem
    }
}
