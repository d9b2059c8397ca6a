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
    /// Returns a description of a failed call that tells an operator what to check. If `status` has a cause, the
    /// description comes from the cause: the message of `status` describes only the internals of the transport, and not
    /// why there is no connection.
    static func text(_ status: RPCError) -> String {
        if let cause = deepestCause(status) { return text(ofCause: cause, status.message) }
        if status.code == .deadlineExceeded { return "timed out without an answer" }
        if let known = known(status.message) { return known }
        if status.message.hasPrefix("Channel") { return "not connected" }
        if status.message.hasPrefix("Stream unexpectedly closed") {
            return "the connection was lost"
        }
        return status.message
    }

    /// Returns true if the answer is not from a gRPC server.
    static func isForeign(_ status: RPCError) -> Bool { status.message.hasPrefix(foreignStatus) }

    private static func deepestCause(_ status: RPCError) -> (any Error)? {
        var cause = status.cause
        while let status = cause as? RPCError {
            guard let deeper = status.cause else { return status }
            cause = deeper
        }
        return cause
    }

    private static func text(ofCause cause: any Error, _ message: String) -> String {
        if let error = cause as? CertificateProblem { return error.description }
        if let error = cause as? IOError, let text = strerror(error.errnoCode) {
            return String(cString: text).lowercased()
        }
        if case .connectTimeout(let time)? = cause as? ChannelError {
            return "no connection within \(time.nanoseconds / 1_000_000_000) s"
        }
        let text = String(describing: (cause as? RPCError)?.message ?? "\(cause)")
        if let known = known(text) ?? known(message) { return known }
        let subject = message.hasPrefix("Channel") ? "not connected" : message
        return "\(subject) (\(text.prefix(maximumText)))"
    }

    private static func known(_ text: String) -> String? {
        if text.hasPrefix(foreignStatus) {
            let status = text.dropFirst(foreignStatus.count).trimmingSuffix { "(). ".contains($0) }
                .drop { "( ".contains($0) }
            return "it answers with HTTP status \(status): the server there is not etcd"
        }
        return meanings.first { text.contains($0.0) }?.1
    }

    /// The beginning of the transport's message for an answer that is not from a gRPC server.
    private static let foreignStatus = "Unexpected non-200 HTTP Status Code"

    /// Parts of messages of the transport and of BoringSSL, each with an explanation. The first match is used.
    private static let meanings = [
        ("Connection refused", "connection refused"),
        ("Failed to resolve", "its name is not found"),
        ("Name or service not known", "its name is not found"),
        ("nodename nor servname", "its name is not found"),
        ("Temporary failure in name resolution", "its name cannot be looked up now"),
        ("CERTIFICATE_VERIFY_FAILED", CertificateProblem.untrusted.description),
        ("unableToValidateCertificate", CertificateProblem.untrusted.description),
        (
            "failedToV",
            "its certificate does not contain this endpoint's name: use a name that the certificate contains"
        ),
        ("CERTIFICATE_REQUIRED", "it requires a client certificate (--etcd-cert, --etcd-key)"),
        (
            "BAD_CERTIFICATE",
            "it requires a client certificate that it trusts (--etcd-cert, --etcd-key)"
        ),
        ("UNKNOWN_CA", "it does not trust the client certificate (--etcd-cert)"),
        ("CERTIFICATE_EXPIRED", "it rejects the client certificate as expired (--etcd-cert)"),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS: write http:// instead of https://"),
        (
            "EOF during handshake",
            "it ends the TLS handshake: if it does not speak TLS, write http:// instead of https://"
        ),
        ("uncleanShutdown", "the connection was lost"),
        ("UnableToParseFrame", "the server there is not etcd: it does not speak HTTP/2"),
        (
            "before completing the HTTP/2",
            "it closes every connection: if it requires TLS, write https:// instead of http://"
        ),
        ("CancellationError", "the call was cancelled"),
    ]

    /// The maximum number of characters to show of an error text that has no entry in `meanings`.
    private static let maximumText = 300
}

extension Substring {
    fileprivate func trimmingSuffix(_ isDropped: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}
