import FoundationEssentials
import SwiftASN1
import X509

/// The certificate revocation lists (RFC 5280 section 5) of the authorities that sign the certificates of clients.
/// NIOSSL does not check revocation, so the server checks the client's certificate after the handshake.
struct RevocationLists: Sendable {
    private struct List {
        /// The authority that has signed the list.
        let authority: Certificate
        let serialNumbers: Set<ArraySlice<UInt8>>
    }

    private var lists: [List] = []
    /// The earliest time by which one of the lists should be replaced; nil if no list states a time.
    private(set) var nextUpdate: Date?

    /// Creates an empty set of lists, which revokes no certificate.
    init() {}

    /// Reads a PEM file of one or more lists. Every list must be signed by one of `authorities`.
    init(_ path: String, signedBy authorities: [Certificate]) throws(TLSFileError) {
        let text = String(decoding: try TLSFiles.read(path, .revocations), as: UTF8.self)
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: text)
                .filter { $0.discriminator == "X509 CRL" }
        } catch {
            throw TLSFileError(.revocations, path, "is not in PEM form")
        }
        guard !documents.isEmpty else {
            throw TLSFileError(.revocations, path, "has no certificate revocation list in PEM form")
        }
        for document in documents {
            let list: CertificateList
            do {
                list = try CertificateList(derEncoded: document.derBytes)
            } catch let problem as CertificateList.Unsupported {
                throw TLSFileError(.revocations, path, "has a list with \(problem.description)")
            } catch {
                throw TLSFileError(.revocations, path, "has a damaged list")
            }
            let signer = authorities.first { list.isSigned(by: $0) }
            guard let signer else {
                throw TLSFileError(
                    .revocations, path,
                    "has a list of \(list.issuer), but no authority of --tls-client-ca has signed it"
                )
            }
            lists.append(List(authority: signer, serialNumbers: list.serialNumbers))
            if let next = list.nextUpdate { nextUpdate = min(next, nextUpdate ?? next) }
        }
    }

    /// Returns true if the authority that issued `certificate` has revoked the certificate.
    func revokes(_ certificate: Certificate) -> Bool {
        lists.contains { list in
            guard list.serialNumbers.contains(certificate.serialNumber.bytes) else { return false }
            // Checks that the list comes from the authority that issued the certificate, because two authorities can
            // use the same serial number. Either equal names or a valid signature is enough. Equal names are not
            // required, because the encodings of one name can differ. A valid signature is not required, because this
            // program cannot check some kinds of signatures.
            return list.authority.subject == certificate.issuer
                || list.authority.publicKey.isValidSignature(
                    certificate.signature, for: certificate)
        }
    }
}

/// A certificate revocation list. Indirect lists, delta lists and lists for only a part of the certificates are
/// rejected. These lists have critical extensions that this program does not know, and RFC 5280 section 5.2 forbids the
/// use of a list with an unknown critical extension.
struct CertificateList {
    /// The error of a list with a feature that this program does not know.
    struct Unsupported: Error, CustomStringConvertible {
        let description: String
    }

    let issuer: DistinguishedName
    let nextUpdate: Date?
    let serialNumbers: Set<ArraySlice<UInt8>>
    private let signedBytes: ArraySlice<UInt8>
    private let algorithm: Certificate.SignatureAlgorithm
    private let signature: ArraySlice<UInt8>

    init(derEncoded bytes: [UInt8]) throws {
        let parts = try DER.sequence(try DER.parse(bytes), identifier: .sequence) { nodes in
            guard let body = nodes.next() else { throw Self.damaged }
            let algorithm = try Self.algorithm(&nodes)
            let signature = try ASN1BitString(derEncoded: &nodes)
            return (body: body, algorithm: algorithm, signature: signature.bytes)
        }
        signedBytes = parts.body.encodedBytes
        algorithm = parts.algorithm
        signature = parts.signature
        let body = try DER.sequence(parts.body, identifier: .sequence, Self.body)
        issuer = body.issuer
        nextUpdate = body.nextUpdate
        serialNumbers = body.serialNumbers
        // The inner and the outer algorithm must be equal (RFC 5280 section 5.1.1.2). The signature protects only the
        // inner one, and `isSigned` uses the outer one.
        guard body.algorithm == algorithm else { throw Self.damaged }
    }

    func isSigned(by authority: Certificate) -> Bool {
        authority.subject == issuer
            && authority.publicKey.isValidSignature(
                signature, for: signedBytes, signatureAlgorithm: algorithm)
    }

    private static let damaged = ASN1Error.invalidASN1Object(reason: "not a revocation list")

    private struct Body {
        var algorithm: Certificate.SignatureAlgorithm
        var issuer: DistinguishedName
        var nextUpdate: Date?
        var serialNumbers: Set<ArraySlice<UInt8>> = []
    }

    /// Reads `TBSCertList` (RFC 5280 section 5.1).
    private static func body(_ nodes: inout ASN1NodeCollection.Iterator) throws -> Body {
        // Skips the version. A list of version 1 omits the field, and a list of version 2 has the number 1.
        let _: Int? = try DER.optionalImplicitlyTagged(&nodes)
        let algorithm = try algorithm(&nodes)
        guard let issuer = nodes.next(), let thisUpdate = nodes.next() else { throw damaged }
        var body = Body(algorithm: algorithm, issuer: try DistinguishedName(derEncoded: issuer))
        _ = try time(thisUpdate)
        while let node = nodes.next() {
            switch node.identifier {
            case .utcTime, .generalizedTime: body.nextUpdate = try time(node)
            case .sequence:
                body.serialNumbers = try DER.sequence(node, identifier: .sequence) { entries in
                    var numbers: Set<ArraySlice<UInt8>> = []
                    while let entry = entries.next() { numbers.insert(try serialNumber(entry)) }
                    return numbers
                }
            case ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific):
                guard case .constructed(let content) = node.content else { throw damaged }
                for list in content { try checkExtensions(list) }
            default: throw damaged
            }
        }
        return body
    }

    private static func serialNumber(_ entry: ASN1Node) throws -> ArraySlice<UInt8> {
        try DER.sequence(entry, identifier: .sequence) { fields in
            let number = try ArraySlice<UInt8>(derEncoded: &fields)
            guard let date = fields.next() else { throw damaged }
            // Checks only the form. A list may have a million entries, nothing uses their dates, and a `Date` of each
            // would cost more than the rest of the list.
            try checkTime(date)
            if let extensions = fields.next() { try checkExtensions(extensions) }
            return number
        }
    }

    /// Throws if one of the extensions is critical.
    private static func checkExtensions(_ node: ASN1Node) throws {
        try DER.sequence(node, identifier: .sequence) { extensions in
            while let node = extensions.next() {
                let known = try Certificate.Extension(derEncoded: node)
                guard !known.critical else {
                    throw Unsupported(description: "the unknown critical extension \(known.oid)")
                }
            }
        }
    }

    /// Throws if `node` is not a time of the calendar.
    private static func checkTime(_ node: ASN1Node) throws {
        if node.identifier == .utcTime {
            _ = try UTCTime(derEncoded: node)
        } else {
            _ = try GeneralizedTime(derEncoded: node)
        }
    }

    private static func time(_ node: ASN1Node) throws -> Date {
        var components = DateComponents(timeZone: .gmt)
        if node.identifier == .utcTime {
            let time = try UTCTime(derEncoded: node)
            (components.year, components.month, components.day) = (time.year, time.month, time.day)
            (components.hour, components.minute, components.second) =
                (time.hours, time.minutes, time.seconds)
        } else {
            let time = try GeneralizedTime(derEncoded: node)
            (components.year, components.month, components.day) = (time.year, time.month, time.day)
            (components.hour, components.minute, components.second) =
                (time.hours, time.minutes, time.seconds)
        }
        guard let date = Calendar(identifier: .gregorian).date(from: components) else {
            throw damaged
        }
        return date
    }

    /// Reads an `AlgorithmIdentifier`. Accepts ECDSA and RSA with SHA-256 or a longer hash, and Ed25519. Throws
    /// `Unsupported` for any other algorithm, such as one with the broken SHA-1.
    private static func algorithm(
        _ nodes: inout ASN1NodeCollection.Iterator
    ) throws -> Certificate.SignatureAlgorithm {
        guard let node = nodes.next() else { throw damaged }
        let identifier = try DER.sequence(node, identifier: .sequence) { fields in
            let identifier = try ASN1ObjectIdentifier(derEncoded: &fields)
            _ = fields.next()
            return identifier
        }
        let known: [ASN1ObjectIdentifier: Certificate.SignatureAlgorithm] = [
            [1, 2, 840, 10_045, 4, 3, 2]: .ecdsaWithSHA256,
            [1, 2, 840, 10_045, 4, 3, 3]: .ecdsaWithSHA384,
            [1, 2, 840, 10_045, 4, 3, 4]: .ecdsaWithSHA512,
            [1, 2, 840, 113_549, 1, 1, 11]: .sha256WithRSAEncryption,
            [1, 2, 840, 113_549, 1, 1, 12]: .sha384WithRSAEncryption,
            [1, 2, 840, 113_549, 1, 1, 13]: .sha512WithRSAEncryption,
            [1, 3, 101, 112]: .ed25519,
        ]
        guard let algorithm = known[identifier] else {
            throw Unsupported(description: "the unknown signature algorithm \(identifier)")
        }
        return algorithm
    }
}
