import Crypto
import Documents
import SwiftASN1
import X509

extension ClientCertificate {
    /// Reads the names of a certificate that the handshake has verified. Leaves out names with a control character. A
    /// name with a control character would break a line of the log, and no rule for principals can match it.
    init(_ certificate: Certificate, derBytes: [UInt8]) {
        self.init(fingerprint: Hex.text(Array(SHA256.hash(data: derBytes))))
        for name in certificate.subject {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                // Keeps the last common name, because the last one is the most specific.
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

    /// Returns `text`; nil if `text` is empty or has a control character.
    private static func plain(_ text: String) -> String? {
        let isPlain = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isPlain && !text.isEmpty ? text : nil
    }
}
