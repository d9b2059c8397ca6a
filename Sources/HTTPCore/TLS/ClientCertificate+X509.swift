import Crypto
import Documents
import SwiftASN1
import X509

extension ClientCertificate {
    /// Reads the names of a certificate that the handshake has verified. Leaves out names with control characters: no
    /// rule for principals could mean them, and they would break lines of the log.
    init(_ certificate: Certificate, derBytes: [UInt8]) {
        self.init(fingerprint: Hex.text(Array(SHA256.hash(data: derBytes))))
        for name in certificate.subject {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                // The last common name is the most specific one.
                commonName = String(attribute.value).flatMap(Self.plain) ?? commonName
            }
        }
        let names = (try? certificate.extensions.subjectAlternativeNames) ?? nil
        for name in names ?? SubjectAlternativeNames() {
            switch name {
            case .dnsName(let text): dnsNames += [Self.plain(text)?.lowercased()].compactMap(\.self)
            case .rfc822Name(let text): emails += [Self.plain(text)].compactMap(\.self)
            case .uniformResourceIdentifier(let text): uris += [Self.plain(text)].compactMap(\.self)
            default: break
            }
        }
    }

    /// Returns nil for an empty text and for a text with a control character.
    private static func plain(_ text: String) -> String? {
        let isPlain = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isPlain && !text.isEmpty ? text : nil
    }
}
