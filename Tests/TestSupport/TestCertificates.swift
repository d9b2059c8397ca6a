import Crypto
package import Foundation
import SwiftASN1
import X509

/// A certificate authority for one test. Issues certificates, and writes them and the authority's certificate to files
/// in `directory`. The files are removed with the directory.
package struct TestAuthority: Sendable {
    package let directory: TemporaryDirectory
    private let name: String
    private let key: P256.Signing.PrivateKey
    private let subject: DistinguishedName

    /// The PEM files of a certificate and its private key.
    package struct Files: Sendable {
        package let certificate: String
        package let key: String
    }

    /// The PEM file of the authority's certificate.
    package var certificate: String { directory.file("\(name).pem") }

    package init(_ name: String = "authority", in directory: TemporaryDirectory) throws {
        self.name = name
        self.directory = directory
        key = P256.Signing.PrivateKey()
        subject = try DistinguishedName { CommonName(name) }
        let root = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -7 * 86_400),
            notValidAfter: Date(timeIntervalSinceNow: 86_400), issuer: subject, subject: subject,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            }, issuerPrivateKey: Certificate.PrivateKey(key))
        try write(try root.serializeAsPEM().pemString, to: certificate)
        try write(key.pemRepresentation, to: directory.file("\(name)-key.pem"))
    }

    /// Creates `file`.pem, a server's certificate for `names` and 127.0.0.1, and `file`-key.pem, its private key.
    @discardableResult
    package func issueServer(
        _ file: String = "server", names: [String] = ["localhost"], serial: Int64 = 1
    ) throws -> Files {
        try issue(
            file, commonName: "server", serial: serial,
            names: names.map { .dnsName($0) } + [
                .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))
            ], usages: [.serverAuth], lifetime: 86_400)
    }

    /// Creates `file`.pem, a client's certificate, and `file`-key.pem, its private key. The certificate is valid
    /// for `lifetime` seconds from now. If `lifetime` is negative, the certificate has already expired.
    @discardableResult
    package func issueClient(
        _ file: String, serial: Int64 = 2, lifetime: TimeInterval = 86_400
    ) throws -> Files {
        try issue(
            file, commonName: file, serial: serial,
            names: [
                .dnsName("\(file).example.org"), .rfc822Name("\(file)@example.org"),
                .uniformResourceIdentifier("spiffe://example.org/\(file)"),
            ], usages: [.clientAuth], lifetime: lifetime)
    }

    private func issue(
        _ file: String, commonName: String, serial: Int64, names: [GeneralName],
        usages: [ExtendedKeyUsage.Usage], lifetime: TimeInterval
    ) throws -> Files {
        let leafKey = P256.Signing.PrivateKey()
        let leaf = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(serial),
            publicKey: Certificate.PublicKey(leafKey.publicKey),
            notValidBefore: Date(timeIntervalSinceNow: -2 * 86_400),
            notValidAfter: Date(timeIntervalSinceNow: lifetime), issuer: subject,
            subject: try DistinguishedName { CommonName(commonName) },
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage(usages)
                SubjectAlternativeNames(names)
            }, issuerPrivateKey: Certificate.PrivateKey(key))
        let files = Files(
            certificate: directory.file("\(file).pem"), key: directory.file("\(file)-key.pem"))
        try write(try leaf.serializeAsPEM().pemString, to: files.certificate)
        try write(leafKey.pemRepresentation, to: files.key)
        return files
    }

    /// Creates `file` with openssl: a certificate revocation list with these serial numbers.
    package func revoke(_ serials: [Int64], file: String) async throws {
        let index = directory.file("\(name)-index.txt")
        let configuration = directory.file("\(name).cnf")
        let lines = serials.map { serial in
            let text = String(serial, radix: 16, uppercase: true)
            let padded = text.count.isMultiple(of: 2) ? text : "0" + text
            return "R\t400101000000Z\t250101000000Z\t\(padded)\tunknown\t/CN=revoked\n"
        }
        try Data(lines.joined().utf8).write(to: URL(fileURLWithPath: index))
        let text = """
            [ca]
            default_ca = it
            [it]
            database = \(index)
            default_md = sha256
            default_crl_days = 1
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: configuration))
        let made = try await TestCommand.run(
            "openssl",
            [
                "ca", "-gencrl", "-config", configuration, "-cert", certificate, "-keyfile",
                directory.file("\(name)-key.pem"), "-out", file + ".new",
            ])
        guard made.status == 0 else { throw TestCommand.Failure(made.output) }
        // Replaces the file in one step, because the server may read it at any time.
        rename(file + ".new", file)
    }

    private func write(_ text: String, to path: String) throws {
        let new = path + ".new"
        _ = FileManager.default.createFile(
            atPath: new, contents: Data((text + "\n").utf8), attributes: [.posixPermissions: 0o600])
        rename(new, path)
    }
}
