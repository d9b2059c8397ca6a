import Crypto
import Foundation
import HTTPCore
import SwiftASN1
import X509

/// The certificates of `policy-server dev --tls`: an authority, and a server certificate for this machine. The private
/// key of the authority is never written to a file.
struct DevCertificates {
    /// The path of the authority's PEM file, for `curl --cacert`.
    let authority: String
    let files: TLSFiles

    /// The time for which the certificates are valid. It is short, because the dev server is only used to try things
    /// out.
    private static let lifetime: TimeInterval = 7 * 86_400

    /// Creates the files in `directory`.
    init(in directory: String) throws {
        let now = Date()
        // The validity begins five minutes ago, because the clock of a client may be behind.
        let validity = (
            from: now.addingTimeInterval(-300), to: now.addingTimeInterval(Self.lifetime)
        )
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let authorityName = try DistinguishedName { CommonName("policy-server dev authority") }
        let root = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: authorityKey.publicKey, notValidBefore: validity.from,
            notValidAfter: validity.to, issuer: authorityName, subject: authorityName,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            }, issuerPrivateKey: authorityKey)
        let key = P256.Signing.PrivateKey()
        let server = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey), notValidBefore: validity.from,
            notValidAfter: validity.to, issuer: authorityName,
            subject: try DistinguishedName { CommonName("policy-server dev") },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(
                        ASN1OctetString(contentBytes: [UInt8](repeating: 0, count: 15) + [1])),
                ])
            }, issuerPrivateKey: authorityKey)
        authority = directory + "/ca.pem"
        try Self.write(try root.serializeAsPEM().pemString, to: authority, mode: 0o644)
        files = TLSFiles(
            certificate: directory + "/server.pem", key: directory + "/server-key.pem",
            readPrivate: TLSSettings.readPrivate)
        try Self.write(try server.serializeAsPEM().pemString, to: files.certificate, mode: 0o644)
        try Self.write(key.pemRepresentation, to: files.key, mode: 0o600)
    }

    private static func write(_ text: String, to path: String, mode: Int) throws {
        // A new file may briefly have a wrong mode, but other users cannot read the file, because the directory is
        // private.
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data((text + "\n").utf8),
                attributes: [.posixPermissions: mode])
        else { throw StartFailure("cannot write \(path)") }
    }
}
