package import Foundation
import Synchronization

/// A real etcd on free loopback ports, with its data in a temporary directory.
///
/// `withEtcd` or `withEtcdCluster` creates the process, and removes the process after the test, even if the test
/// fails. A watchdog process kills etcd and removes the directory when `dispose` is called or this process ends.
package final class EtcdProcess: Sendable {
    package struct Options: Sendable {
        /// Additional flags for etcd, such as `["--max-request-bytes", "10485760"]`.
        package var flags: [String]
        /// True if etcd skips fsync. This is for tests that write much data and do not test durability.
        package var skipsSync: Bool
        /// The certificates; nil means no TLS. With TLS, etcd requires certificates from clients.
        package var certificates: EtcdCertificates?
        /// The snapshot file with the initial data, written by `scripts/record-version`.
        package var snapshot: String?

        package init(
            flags: [String] = [], skipsSync: Bool = false, certificates: EtcdCertificates? = nil,
            snapshot: String? = nil
        ) {
            self.flags = flags
            self.skipsSync = skipsSync
            self.certificates = certificates
            self.snapshot = snapshot
        }
    }

    /// The ports of a member.
    struct Ports: Sendable {
        let client: UInt16
        let peer: UInt16
        /// The port for metrics and health checks. This port has no TLS, even if the port for clients has TLS.
        let metrics: UInt16

        static func free() throws -> Ports {
            let ports = try LoopbackPort.free(count: 3)
            return Ports(client: ports[0], peer: ports[1], metrics: ports[2])
        }
    }

    package let name: String
    /// The temporary directory of this etcd. A test may write files to the directory. The directory is removed
    /// together with this etcd.
    package let directory: URL
    let ports: Ports
    private let options: Options
    private let initialCluster: String
    private let watchdog: EtcdWatchdog
    private let process = Mutex<Process?>(nil)

    init(name: String, ports: Ports, initialCluster: String, options: Options) throws {
        self.name = name
        self.ports = ports
        self.options = options
        self.initialCluster = initialCluster
        self.directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("etcd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        self.watchdog = try EtcdWatchdog(directory: directory)
    }

    /// The URL for clients, such as `http://127.0.0.1:40001`.
    package var clientURL: String {
        "\(options.certificates == nil ? "http" : "https")://127.0.0.1:\(ports.client)"
    }

    /// The id of the running process, for commands that send it a signal; nil before the first launch.
    package var processIdentifier: Int32? { process.withLock { $0?.processIdentifier } }

    /// Starts etcd without waiting until it accepts requests.
    func launch() throws {
        let command = try EtcdCommand("etcd", arguments, package: "etcd-server")
        let logFile = directory.appendingPathComponent("etcd.log")
        _ = FileManager.default.createFile(atPath: logFile.path, contents: nil)
        let process = command.process(log: try FileHandle(forWritingTo: logFile))
        try process.run()
        try watchdog.guardProcess(process.processIdentifier)
        self.process.withLock { $0 = process }
    }

    /// Fills the data directory from the snapshot, if there is one.
    ///
    /// Uses the token and the address with which the snapshot was recorded. etcd computes the cluster's id from
    /// these two values. So the id is the same as in the recording, and a recorded ledger belongs to this cluster.
    func restore() async throws {
        guard let snapshot = options.snapshot else { return }
        let address = "http://127.0.0.1:2380"
        let arguments = [
            "snapshot", "restore", snapshot, "--name", name, "--data-dir", dataDirectory,
            "--initial-cluster", "\(name)=\(address)", "--initial-cluster-token", "fixture",
            "--initial-advertise-peer-urls", address,
        ]
        // Tries etcdutl first, because etcd 3.6 moved the command from etcdctl to etcdutl.
        var command =
            try (try? EtcdCommand("etcdutl", arguments, package: "etcd-client"))
            ?? EtcdCommand("etcdctl", arguments, package: "etcd-client")
        command.environment["ETCDCTL_API"] = "3"
        try await command.run()
    }

    private var dataDirectory: String { directory.appendingPathComponent("data").path }

    /// Waits until this member serves linearizable reads.
    package func waitUntilHealthy(timeout: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + timeout
        while await !LoopbackPort.get("/health", port: ports.metrics).contains("\"true\"") {
            let isRunning = process.withLock { $0?.isRunning ?? false }
            guard isRunning, ContinuousClock.now < deadline else {
                throw EtcdProcessError("etcd \(name) did not become healthy: \(logTail)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Stops etcd gracefully (SIGTERM).
    package func stop() async throws { try await end(with: SIGTERM) }

    /// Kills etcd without warning (SIGKILL).
    package func kill9() async throws { try await end(with: SIGKILL) }

    /// Starts etcd again with its data and waits until it is healthy.
    package func start() async throws {
        try launch()
        try await waitUntilHealthy()
    }

    package func restart() async throws {
        try await stop()
        try await start()
    }

    /// Freezes the process. Its connections stay open but are silent.
    package func pause() { signal(SIGSTOP) }

    package func resume() { signal(SIGCONT) }

    /// Runs etcdctl against this member and returns the output.
    @discardableResult
    package func etcdctl(_ arguments: String...) async throws -> String {
        try await etcdctl(arguments)
    }

    @discardableResult
    package func etcdctl(_ arguments: [String]) async throws -> String {
        var command = try EtcdCommand(
            "etcdctl", ["--endpoints", clientURL] + tlsFlagsForClients + arguments,
            package: "etcd-client")
        command.environment["ETCDCTL_API"] = "3"
        return try await command.run()
    }

    /// Returns the value of a Prometheus metric of this member; 0 if the metric is absent. `name` must include the
    /// labels.
    package func metric(_ name: String) async -> Double {
        let line = await LoopbackPort.get("/metrics", port: ports.metrics)
            .split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + " ") }
        return line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0
    }

    /// Returns the addresses and ports of the connected clients, in the hexadecimal form of Linux' list of
    /// connections.
    package func clientPorts() throws -> Set<String> {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp"))
        let table = try file.readToEnd() ?? Data()
        let suffix = ":" + String(format: "%04X", ports.client)
        let remote = String(decoding: table, as: UTF8.self).split(separator: "\n").compactMap {
            line in
            let fields = line.split(separator: " ")
            // The fields are the number, the local address, the remote address, and the state (01 means established).
            return fields.count > 3 && fields[2].hasSuffix(suffix) && fields[3] == "01"
                ? String(fields[1]) : nil
        }
        return Set(remote)
    }

    /// Enables authentication with root as the only user.
    package func enableAuthentication(rootPassword: String) async throws {
        try await etcdctl("user", "add", "root:\(rootPassword)")
        try await etcdctl("user", "grant-role", "root", "root")
        try await etcdctl("auth", "enable")
    }

    /// Kills etcd if it is running, and removes its directory.
    func dispose() async { await watchdog.finish() }

    private func signal(_ signal: Int32) {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            kill(process.processIdentifier, signal)
        }
    }

    private func end(with signal: Int32) async throws {
        self.signal(signal)
        while process.withLock({ $0?.isRunning ?? false }) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private var logTail: String {
        let log = try? Data(contentsOf: directory.appendingPathComponent("etcd.log"))
        return String(decoding: (log ?? Data()).suffix(2000), as: UTF8.self)
    }
}

extension EtcdProcess {
    private var arguments: [String] {
        let peerURL = "http://127.0.0.1:\(ports.peer)"
        var arguments = [
            "--name", name, "--data-dir", dataDirectory,
            "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL,
            "--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL,
            "--initial-cluster", initialCluster, "--initial-cluster-token", initialCluster,
            "--listen-metrics-urls", "http://127.0.0.1:\(ports.metrics)", "--logger", "zap",
        ]
        if options.skipsSync { arguments.append("--unsafe-no-fsync") }
        if let certificates = options.certificates {
            arguments += [
                "--cert-file", certificates.serverCertificate, "--key-file", certificates.serverKey,
                "--trusted-ca-file", certificates.ca, "--client-cert-auth",
            ]
        }
        return arguments + options.flags
    }

    private var tlsFlagsForClients: [String] {
        guard let certificates = options.certificates else { return [] }
        return [
            "--cacert", certificates.ca, "--cert", certificates.clientCertificate,
            "--key", certificates.clientKey,
        ]
    }
}
