import Foundation
package import HTTPTypes

/// The names of header fields that HTTPTypes does not define.
extension HTTPField.Name {
    /// The key that identifies a write, so that it can be repeated safely (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let actor = constant("X-Actor")
    static let actorRoles = constant("X-Actor-Roles")
    /// The token of OpenStack's Keystone.
    package static let authToken = constant("X-Auth-Token")
    static let reason = constant("X-Reason")
    /// Asks to skip the second person: `true` or `false`.
    static let breakGlass = constant("X-Break-Glass")
    static let ticket = constant("X-Ticket")
    /// The trace context of a request (https://www.w3.org/TR/trace-context/).
    static let traceParent = constant("traceparent")
    static let changeID = constant("X-Change-Id")
    /// The etcd revision of the earlier state that an answer shows.
    static let historyRevision = constant("X-History-Revision")
    /// The start of the range without gaps in the ledger's history that contains that revision.
    static let historySince = constant("X-History-Since")
    static let warning = constant("Warning")
    /// The position after which a stream of Server-Sent Events continues.
    static let lastEventID = constant("Last-Event-ID")
    static let link = constant("Link")

    /// Returns the field name. The names above are tokens, so the fallback is never used.
    private static func constant(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .via
    }
}

extension StringProtocol {
    /// The text without optional white space at both ends. HTTP allows it around list members (RFC 9110 section 5.6.3).
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return String(part)
    }

    /// Returns true if the text consists of printable ASCII characters without spaces and its length is in `range`.
    func isVisibleASCII(_ range: ClosedRange<Int>) -> Bool {
        range.contains(utf8.count) && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// True if every character is printable.
    var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }
}

extension Unicode.Scalar {
    /// True if the character is displayed. False for control characters, line breaks, characters that reorder or hide
    /// their neighbours, and the replacement character of invalid UTF-8. The two joiners count as printable, because
    /// ordinary Persian, Indic scripts and emoji need them.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .format: self == "\u{200C}" || self == "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: self != "\u{FFFD}"
        }
    }
}

/// Percent-encodes text for a URI.
enum URIText {
    /// Returns `text` with all characters encoded except the unreserved characters of RFC 3986 section 2.3.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
