import GRPCCore
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension EtcdError {
    /// What happened to a call, in words that say what to look at. The transport says only in its causes
    /// what keeps it from connecting, and in its messages how it is built.
    static func text(_ status: RPCError) -> String {
        if let cause = deepestCause(status) { return text(ofCause: cause, status.message) }
        if status.code == .deadlineExceeded { return "no answer in time" }
        if status.message.hasPrefix("Channel") { return "not connected" }
        if status.message.hasPrefix("Stream unexpectedly closed") {
            return "the connection was lost"
        }
        return status.message
    }

    private static func deepestCause(_ status: RPCError) -> (any Error)? {
        var cause = status.cause
        while let status = cause as? RPCError {
            guard let deeper = status.cause else { return status }
            cause = deeper
        }
        return cause
    }

    private static func text(ofCause cause: any Error, _ message: String) -> String {
        if let error = cause as? IOError, let text = strerror(error.errnoCode) {
            return String(cString: text).lowercased()
        }
        if case .connectTimeout(let time)? = cause as? ChannelError {
            return "no connection within \(time.nanoseconds / 1_000_000_000) s"
        }
        let text = String(describing: (cause as? RPCError)?.message ?? "\(cause)")
        let known = [
            ("Connection refused", "connection refused"),
            ("CERTIFICATE_VERIFY_FAILED", "its certificate is not trusted (--etcd-ca)"),
            ("unableToValidateCertificate", "its certificate is not trusted (--etcd-ca)"),
            ("failedToVerifyHostname", "its certificate is of another name"),
            ("CERTIFICATE_REQUIRED", "it wants a client certificate (--etcd-cert)"),
            ("BAD_CERTIFICATE", "it does not accept the client certificate (--etcd-cert)"),
            ("uncleanShutdown", "the connection was lost"),
            ("CancellationError", "the call was cancelled"),
        ].first { text.contains($0.0) }
        if let known { return known.1 }
        return "\(message) (\(text.prefix(maximumText)))"
    }

    /// Characters of a foreign error's description.
    private static let maximumText = 300
}
