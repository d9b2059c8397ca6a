import FoundationEssentials
import NIOCore
import NIOSSL
import SwiftASN1
import X509

/// The content of all files of a TLS listener, read at the same time. A connection keeps the material with which it
/// began.
struct TLSMaterial: Sendable {
    let context: NIOSSLContext
    let revocations: RevocationLists
    /// The DNS names and addresses of the server's certificate, in the form of `Authority.host`.
    let names: Set<String>
    /// The end of the validity of the server's certificate.
    let notAfter: Date
    /// The beginning of the validity of the server's certificate.
    let notBefore: Date

    init(_ files: TLSFiles) throws(TLSFileError) {
        let chain = try Self.certificates(files.certificate, .certificate)
        let key = try Self.key(files)
        let leaf = chain[0]
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try chain.map { certificate throws(TLSFileError) in
                .certificate(try Self.native(certificate, files.certificate, .certificate))
            }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.cipherSuites
        configuration.applicationProtocols = HTTPServer.applicationProtocols
        // The time that the server waits for the client's answer to close_notify.
        configuration.shutdownTimeout = .seconds(2)
        var authorities: [Certificate] = []
        if files.clientCertificates != .none, let path = files.clientAuthority {
            authorities = try Self.certificates(path, .clientAuthority)
            configuration.trustRoots = .certificates(
                try authorities.map { certificate throws(TLSFileError) in
                    try Self.native(certificate, path, .clientAuthority)
                })
            configuration.certificateVerification =
                files.clientCertificates == .required
                ? .noHostnameVerification : .optionalVerification
            configuration.sendCANameList = true
        }
        if let path = files.revocations {
            revocations = try RevocationLists(path, signedBy: authorities)
        } else {
            revocations = RevocationLists()
        }
        do {
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            // The usual cause of this error is an unfinished rotation, which has replaced only the certificate or only
            // the key.
            throw TLSFileError(
                .key, files.key,
                "does not belong to the certificate in \(files.certificate), or the certificate cannot be used"
            )
        }
        names = Self.names(leaf)
        notAfter = leaf.notValidAfter
        notBefore = leaf.notValidBefore
    }

    /// The accepted cipher suites of TLS 1.2. Each has forward secrecy and authenticated encryption (RFC 9325 section
    /// 4.2). TLS 1.3 needs no list, because all its suites have both.
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// Returns the certificates of a PEM file. Throws if the file has none.
    private static func certificates(
        _ path: String, _ part: TLSFiles.Part
    ) throws(TLSFileError) -> [Certificate] {
        let text = String(decoding: try TLSFiles.read(path, part), as: UTF8.self)
        do {
            let certificates = try PEMDocument.parseMultiple(pemString: text)
                .filter { $0.discriminator == Certificate.defaultPEMDiscriminator }
                .map { try Certificate(pemDocument: $0) }
            if !certificates.isEmpty { return certificates }
        } catch {
            throw TLSFileError(part, path, "has a damaged certificate")
        }
        throw TLSFileError(part, path, "has no certificate in PEM form")
    }

    private static func native(
        _ certificate: Certificate, _ path: String, _ part: TLSFiles.Part
    ) throws(TLSFileError) -> NIOSSLCertificate {
        do {
            return try NIOSSLCertificate(bytes: certificate.derBytes(), format: .der)
        } catch {
            throw TLSFileError(part, path, "has a certificate that cannot be used")
        }
    }

    private static func key(_ files: TLSFiles) throws(TLSFileError) -> NIOSSLPrivateKey {
        let bytes: [UInt8]
        do {
            bytes = try files.readPrivate(files.key)
        } catch {
            throw TLSFileError(.key, error)
        }
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            throw TLSFileError(
                .key, files.key, "has no private key in PEM form, or the key needs a passphrase")
        }
    }

    private static func names(_ certificate: Certificate) -> Set<String> {
        let names = (try? certificate.extensions.subjectAlternativeNames) ?? nil
        var result: Set<String> = []
        for name in names ?? SubjectAlternativeNames() {
            switch name {
            case .dnsName(let text): result.insert(text.lowercased())
            case .ipAddress(let bytes):
                if let text = text(ofAddress: Array(bytes.bytes)) { result.insert(text) }
            default: break
            }
        }
        return result
    }

    /// Returns the text of an IP address of 4 or 16 bytes; nil for any other number of bytes.
    private static func text(ofAddress bytes: [UInt8]) -> String? {
        (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0))?.ipAddress
    }
}

extension Certificate {
    /// Returns the DER form of the certificate.
    func derBytes() throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(self)
        return serializer.serializedBytes
    }
}
