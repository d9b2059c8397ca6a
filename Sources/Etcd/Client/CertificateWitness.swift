import NIOCore
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Why a server's certificate is not accepted.
enum CertificateProblem: Error, Hashable, CustomStringConvertible {
    case untrusted
    /// Seconds since 1970, UTC.
    case expired(Int)
    case notYetValid(Int)

    var description: String {
        switch self {
        case .untrusted:
            "its certificate is not trusted: none of the authorities has signed it (--etcd-ca)"
        case .expired(let end):
            "its certificate has expired (\(Self.day(end))): renew it"
        case .notYetValid(let start):
            "its certificate is not valid before \(Self.day(start)): check the clocks"
        }
    }

    private static func day(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    }
}

/// Says of a server certificate that BoringSSL does not verify if the time is the reason: BoringSSL's own
/// error does not tell, and who is told "not trusted" looks at the authorities.
final class CertificateWitness: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.fireErrorCaught(problem(context, error) ?? error)
    }

    private func problem(_ context: ChannelHandlerContext, _ error: any Error) -> (any Error)? {
        guard "\(error)".contains("CERTIFICATE_VERIFY_FAILED"),
            let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self),
            let certificate = tls.peerCertificate
        else { return nil }
        let now = Int(Date().timeIntervalSince1970)
        if certificate.notValidAfter < now {
            return CertificateProblem.expired(certificate.notValidAfter)
        }
        if certificate.notValidBefore > now {
            return CertificateProblem.notYetValid(certificate.notValidBefore)
        }
        return CertificateProblem.untrusted
    }
}
