import FoundationEssentials
package import Logging
import NIOCore
import Synchronization
import X509

/// The certificate and the other files of a server's TLS listeners. The files are read again when they change.
///
/// A reload replaces everything at once for new connections. If a file cannot be used, everything stays as it was. Open
/// connections continue, except those whose client certificate has been revoked. (`NIOCertificateReloading` reads only
/// the certificate and the key, and not the authorities and revocation lists for clients.)
package final class TLSCredentials: Reloadable {
    /// The state for metrics and readiness.
    package struct Status: Sendable {
        /// The number of successful reloads.
        package var reloads = 0
        /// The number of reloads that failed.
        package var failures = 0
        /// The reason why the last reload failed; nil if the last reload succeeded. After a failed reload, the server
        /// still uses the earlier files.
        package var problem: String?
        /// The end of the validity of the server's certificate, in seconds since 1970.
        package var notAfter: Double
        /// The earliest time by which a revocation list should be replaced, in seconds since 1970; nil if no list
        /// states a time.
        package var revocationsNextUpdate: Double?
    }

    private struct State {
        var material: TLSMaterial
        var status: Status
        /// The stamp of the files when they were last read, even if they could not be used.
        var stamp: [FileStamp?]
        /// The stamp of the files when the server last looked for changes.
        var seen: [FileStamp?]
        /// The open connections with a client certificate.
        var clients: [ObjectIdentifier: (channel: any Channel, certificate: Certificate)] = [:]
    }

    private let files: TLSFiles
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads the files. Throws `TLSFileError` if one of them cannot be used.
    package init(_ files: TLSFiles, logger: Logger) throws {
        self.files = files
        self.logger = logger
        let stamp = files.stamp
        let material = try TLSMaterial(files)
        state = Mutex(
            State(material: material, status: Status(material), stamp: stamp, seen: stamp))
        warn(material)
    }

    /// The current state.
    package var status: Status { state.withLock { $0.status } }

    var material: TLSMaterial { state.withLock { $0.material } }

    package var problem: String? { status.problem }

    package func reload(isAsked: Bool, _: Logger) {
        let stamp = files.stamp
        let isChanged = state.withLock { state in
            defer { state.seen = stamp }
            // Reloads changed files only if they have not changed again since the last look. The certificate and its
            // key are different files, and a reload between the writes of the two files would fail.
            return isAsked || stamp == state.seen && stamp != state.stamp
        }
        if isChanged { reload() }
    }

    /// Reads all files again. If one of them cannot be used, logs an error and keeps the earlier content in use.
    package func reload() {
        let stamp = files.stamp
        do {
            let material = try TLSMaterial(files)
            let revoked = state.withLock { state in
                state.material = material
                state.stamp = stamp
                var status = Status(material)
                (status.reloads, status.failures) = (
                    state.status.reloads + 1, state.status.failures
                )
                state.status = status
                return state.clients.values
                    .filter { material.revocations.revokes($0.certificate) }.map(\.channel)
            }
            for channel in revoked { channel.close(promise: nil) }
            logger.notice(
                "TLS files reloaded",
                metadata: [
                    "certificate": .string(files.certificate),
                    "not-after": .string("\(material.notAfter)"),
                    "closed-connections": .stringConvertible(revoked.count),
                ])
            warn(material)
        } catch {
            state.withLock { state in
                state.stamp = stamp
                state.status.failures += 1
                state.status.problem = "\(error)"
            }
            logger.error(
                "TLS files cannot be reloaded; the earlier ones stay in use",
                metadata: ["error": .string("\(error)")])
        }
    }

    /// Returns true if `certificate` is valid now and not revoked. If so, records the connection. If a later reload
    /// finds that the certificate has been revoked, the reload closes the connection.
    ///
    /// Checks the validity because TLS does not verify the certificate of a resumed session again. The certificate may
    /// have expired since the first handshake of the session.
    func admit(_ channel: any Channel, _ certificate: Certificate) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            let validity = certificate.notValidBefore...certificate.notValidAfter
            guard validity.contains(Date.now), !state.material.revocations.revokes(certificate)
            else { return false }
            state.clients[id] = (channel, certificate)
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { _ = $0.clients.removeValue(forKey: id) }
            }
        }
        return isAdmitted
    }

    private func warn(_ material: TLSMaterial) {
        let now = Date.now
        if now > material.notAfter || now < material.notBefore {
            logger.warning(
                "the TLS certificate is not valid now",
                metadata: [
                    "certificate": .string(files.certificate),
                    "not-before": .string("\(material.notBefore)"),
                    "not-after": .string("\(material.notAfter)"),
                ])
        }
        if let next = material.revocations.nextUpdate, now > next {
            logger.warning(
                "the revocation list is out of date; it stays in use",
                metadata: ["next-update": .string("\(next)")])
        }
    }
}

extension TLSCredentials.Status {
    init(_ material: TLSMaterial) {
        notAfter = material.notAfter.timeIntervalSince1970
        revocationsNextUpdate = material.revocations.nextUpdate?.timeIntervalSince1970
    }
}
