import Documents
import Foundation
import HTTPCore

/// The URL of an identity provider. Tokens and keys travel to it, so it has to be https, except on loopback.
package struct ProviderURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL without a trailing slash.
    package let text: String

    package var description: String { text }

    /// Returns nil if `text` is not an https URL, or an http URL of a loopback address. A URL with user, query or
    /// fragment is refused too.
    package init?(_ text: String) {
        // Foundation would accept and encode the characters that are illegal in a URL (RFC 3986 section 2).
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
