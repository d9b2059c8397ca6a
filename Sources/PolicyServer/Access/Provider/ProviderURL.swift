import Documents
import Foundation
import HTTPCore

/// The URL of an identity provider. It must be an https URL, except on loopback, because tokens and keys are sent over
/// the connection.
package struct ProviderURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL without a trailing slash.
    package let text: String

    package var description: String { text }

    /// Reads an https URL, or an http URL with a loopback address. Returns nil for any other text, and for a URL with a
    /// user, a password, a query or a fragment.
    package init?(_ text: String) {
        // This line refuses characters that are illegal in a URL (RFC 3986 section 2). Foundation would accept and
        // encode them.
        guard text.isVisibleASCII(1...2_048), !text.contains(where: "\"<>\\^`{|}".contains),
            let parts = URLComponents(string: text),
            let host = parts.host, !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil
        else { return nil }
        switch parts.scheme?.lowercased() {
        case "https": break
        case "http":
            guard ListenAddress(setting: "\(host):1")?.isLocal == true else { return nil }
        default: return nil
        }
        var text = text[...]
        while text.hasSuffix("/") { text = text.dropLast() }
        self.text = String(text)
    }
}
