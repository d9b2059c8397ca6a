import Foundation
package import HTTPTypes

/// The names of the header fields that HTTPTypes does not define.
extension HTTPField.Name {
    /// The key with which a client marks repetitions of the same write (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let actor = constant("X-Actor")
    static let actorRoles = constant("X-Actor-Roles")
    /// The token of OpenStack's Keystone.
    package static let authToken = constant("X-Auth-Token")
    static let reason = constant("X-Reason")
    /// Asks to apply a change without a second person: `true` or `false`.
    static let breakGlass = constant("X-Break-Glass")
    static let ticket = constant("X-Ticket")
    /// The trace context of a request (https://www.w3.org/TR/trace-context/).
    static let traceParent = constant("traceparent")
    static let changeID = constant("X-Change-Id")
    /// The etcd revision of the earlier state that an answer shows.
    static let historyRevision = constant("X-History-Revision")
    /// The start of the gapless range in the ledger's history that contains the revision in `X-History-Revision`.
    static let historySince = constant("X-History-Since")
    static let warning = constant("Warning")
    /// The number of the last row that the client received, after which a stream of Server-Sent Events continues.
    static let lastEventID = constant("Last-Event-ID")
    static let link = constant("Link")
    /// The remaining part of each quota (draft-ietf-httpapi-ratelimit-headers).
    static let rateLimit = constant("RateLimit")
    /// The quotas (draft-ietf-httpapi-ratelimit-headers).
    static let rateLimitPolicy = constant("RateLimit-Policy")

    /// Returns the field name. All names above are legal, so the fallback is never used.
    private static func constant(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .via
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at both ends. HTTP allows spaces and tabs around list members (RFC 9110 section
    /// 5.6.3).
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return String(part)
    }

    /// Returns true if the text consists of printable ASCII characters without spaces, and if its length is in `range`.
    func isVisibleASCII(_ range: ClosedRange<Int>) -> Bool {
        range.contains(utf8.count) && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// True if all characters are printable.
    var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }
}

extension Unicode.Scalar {
    /// True if a person can see the character. False for control characters, line breaks, characters that reorder or
    /// hide their neighbours, and the replacement character of invalid UTF-8. The two zero-width joiners count as
    /// printable, because ordinary texts in Persian and Indic scripts and emoji need them.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .format: self == "\u{200C}" || self == "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: self != "\u{FFFD}"
        }
    }
}

/// Encodes text for a URI.
enum URIText {
    /// Returns `text` with all characters percent-encoded except the unreserved characters (RFC 3986 section 2.3).
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
