import NIOCore
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The address of one etcd member: `http[s]://host[:port]`, or `host[:port]` for http.
package struct EtcdEndpoint: Hashable, Sendable {
    package var host: String
    package var port: Int
    package var usesTLS: Bool

    package init(host: String, port: Int = 2379, usesTLS: Bool = false) {
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
    }

    /// Reads an endpoint from `text`. Throws `.invalidArgument` with a description of the problem. The description
    /// omits parts of `text` that may be a password.
    package init(parsing text: String) throws(EtcdError) {
        var rest = Substring(text)
        var usesTLS = false
        if let scheme = text.firstRange(of: "://") {
            switch text[..<scheme.lowerBound].lowercased() {
            case "http": break
            case "https": usesTLS = true
            default: throw Self.invalid("the scheme must be http or https")
            }
            rest = text[scheme.upperBound...]
        }
        if rest.contains("@") {
            throw Self.invalid("user and password do not belong in the endpoint")
        }
        if rest.hasSuffix("/") { rest.removeLast() }
        let (host, port) = try Self.split(rest)
        self.init(host: host, port: port, usesTLS: usesTLS)
    }

    private static func split(_ authority: Substring) throws(EtcdError) -> (String, Int) {
        var host = authority
        var port: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else {
                throw invalid("']' is missing in '\(authority)'")
            }
            host = authority[authority.index(after: authority.startIndex)..<close]
            guard host.contains(":") else { throw invalid("'\(host)' is not an IPv6 address") }
            let tail = authority[authority.index(after: close)...]
            guard tail.isEmpty || tail.first == ":" else {
                throw invalid("'\(tail)' after ']' is not a port")
            }
            port = tail.isEmpty ? nil : tail.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard isHost(host) else { throw invalid("'\(host)' is not a host name or address") }
        guard let port else { return (String(host), 2379) }
        guard let number = Int(port), (1...65535).contains(number) else {
            throw invalid("'\(port)' is not a port from 1 to 65535")
        }
        return (String(host), number)
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.contains(":") {
            return (try? SocketAddress(ipAddress: String(host), port: 0)) != nil
        }
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                    UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    private static func invalid(_ message: String) -> EtcdError {
        EtcdError(code: .invalidArgument, message: "etcd endpoint: \(message)")
    }
}

extension EtcdEndpoint: CustomStringConvertible {
    package var description: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(usesTLS ? "https" : "http")://\(name):\(port)"
    }
}

/// The reason why a server's certificate was rejected.
enum CertificateProblem: Error, Hashable, CustomStringConvertible {
    case untrusted
    /// The certificate expired at this time, in seconds since 1970, UTC.
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

/// Distinguishes an expired server certificate from an untrusted one. BoringSSL reports the same error for both. An
/// operator who reads "not trusted" about an expired certificate would check the authorities instead of the dates.
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
