import Foundation
import HTTPTypes

/// Header fields that HTTPTypes does not name.
extension HTTPField.Name {
    /// Names a write, so that it can be repeated (draft-ietf-httpapi-idempotency-key-header).
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let actor = constant("X-Actor")
    static let actorRoles = constant("X-Actor-Roles")
    static let reason = constant("X-Reason")
    static let ticket = constant("X-Ticket")
    /// https://www.w3.org/TR/trace-context/
    static let traceParent = constant("traceparent")
    static let changeID = constant("X-Change-Id")
    /// The etcd revision that an answer from the past shows.
    static let historyRevision = constant("X-History-Revision")
    /// From when on the ledger knows everything around it.
    static let historySince = constant("X-History-Since")
    static let warning = constant("Warning")
    /// Where a stream of Server-Sent Events goes on.
    static let lastEventID = constant("Last-Event-ID")
    static let link = constant("Link")

    /// The names above are tokens, so the fallback is never taken.
    private static func constant(_ name: String) -> HTTPField.Name {
        HTTPField.Name(name) ?? .via
    }
}

extension StringProtocol {
    /// Without the optional whitespace that HTTP allows around list members (RFC 9110 section 5.6.3).
    var trimmed: String {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return String(part)
    }

    /// Whether these are `range` printable ASCII characters without spaces.
    func isVisibleASCII(_ range: ClosedRange<Int>) -> Bool {
        range.contains(utf8.count) && utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    /// Whether every character is printable.
    var isPrintable: Bool { unicodeScalars.allSatisfy(\.isPrintable) }
}

extension Unicode.Scalar {
    /// Whether it shows as what it is: no control character, none that reorders or hides its neighbours, no
    /// line break, and not what stands for bytes that are no UTF-8. The joiners are part of ordinary
    /// Persian, of Indic scripts and of emoji.
    var isPrintable: Bool {
        switch properties.generalCategory {
        case .format: self == "\u{200C}" || self == "\u{200D}"
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        default: self != "\u{FFFD}"
        }
    }
}

/// Text in a URI.
enum URIText {
    /// Percent-encoded but for what RFC 3986 section 2.3 leaves as it is.
    static func encoded(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
