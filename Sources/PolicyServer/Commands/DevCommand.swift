import ArgumentParser
import Etcd
import Foundation
import HTTPCore
import ServiceLifecycle

/// Serves the API with a temporary etcd and ledger.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Serve the API with a temporary etcd and ledger, to try things out.")

    @OptionGroup(visibility: .hidden) var places: LocationFlags
    @OptionGroup var flags: SettingFlags
    @Flag(help: "Serve with TLS, with a certificate of a temporary authority.")
    var tls = false

    func run() async throws {
        try await StartFailure.reported {
            let values = try await Settings.load(flags, places)
            var settings = try Settings(values)
            for setting in LocationFlags.settings {
                let source = try values.texts(setting).source
                guard source == .default else {
                    throw SettingError(
                        "\(source.name(of: setting)): dev starts its own etcd and ledger; use serve to choose them"
                    )
                }
            }
            let etcd = try await DevEtcd.start()
            settings.etcd.endpoints = [etcd.endpoint]
            settings.dataDirectory = etcd.directory + "/ledger"
            let certificates = tls ? try secure(&settings, in: etcd.directory) : nil
            LibraryMetrics.install()
            let application = try Application(settings, below: [etcd])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await application.run() }
                // If an address cannot be bound, `application.run()` throws the reason, so this line ignores the error.
                if let certificates, let addresses = try? await application.addresses {
                    for address in addresses where address.usesTLS {
                        let line = "curl --cacert \(certificates.authority) \(address.url)/v1\n"
                        FileHandle.standardOutput.write(Data(line.utf8))
                    }
                }
                try await tasks.waitForAll()
            }
        }
    }

    /// Makes the certificates and turns TLS on for all TCP addresses.
    private func secure(
        _ settings: inout Settings, in directory: String
    ) throws -> DevCertificates {
        guard settings.tls == nil else {
            throw SettingError(
                "--tls: this option makes its own certificate; leave --tls out to use \(Setting.tlsCertificate.flag)"
            )
        }
        let certificates = try DevCertificates(in: directory)
        settings.tls = TLSSettings(files: certificates.files)
        for (index, address) in settings.listen.enumerated() {
            if case .tcp = address.endpoint { settings.listen[index].usesTLS = true }
        }
        return certificates
    }
}

/// An etcd that runs as a child of this process and stores its data in a temporary directory. When this process ends
/// for any reason, etcd ends too and the directory is removed.
///
/// A small shell runs between this process and etcd. The shell waits for the end of its standard input, which is a
/// pipe. Only this process holds the other end of the pipe. When this process ends, even after `kill -9`, the kernel
/// closes the pipe. The shell then kills etcd and removes the directory. (Linux offers PR_SET_PDEATHSIG for this
/// purpose, but the child must set it between fork and exec, and Foundation's `Process` does not allow that.) `setsid`
/// ensures that a Ctrl-C at the terminal does not end etcd before the server has drained.
struct DevEtcd: Service {
    /// The address that clients use.
    let endpoint: EtcdEndpoint
    /// The temporary directory, which contains etcd's data and the ledger.
    let directory: String
    private let supervisor: EtcdSupervisor

    /// Starts etcd and waits until it accepts connections.
    static func start() async throws -> DevEtcd {
        guard let program = Executable.find("etcd") else {
            throw StartFailure(
                "dev needs the program etcd, which is not on PATH; "
                    + "on Debian and Ubuntu: apt install etcd-server")
        }
        let directory = try makeDirectory()
        let (client, peer) = try LoopbackPort.freePair()
        let supervisor = try EtcdSupervisor(
            program: program, directory: directory, client: client, peer: peer)
        let etcd = DevEtcd(
            endpoint: EtcdEndpoint(host: "127.0.0.1", port: client), directory: directory,
            supervisor: supervisor)
        try await etcd.waitUntilReachable(port: client)
        return etcd
    }

    func run() async throws {
        // This line waits for a graceful shutdown or a cancellation. etcd is ended after either of them.
        try? await gracefulShutdown()
        supervisor.end()
    }

    private func waitUntilReachable(port: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while !LoopbackPort.accepts(port) {
            guard ContinuousClock.now < deadline, supervisor.isEtcdRunning else {
                let log = directory + "/etcd.log"
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                supervisor.end()
                throw StartFailure("etcd did not start; the end of its log:\n\(text.suffix(1000))")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private static func makeDirectory() throws -> String {
        let parent = FileManager.default.temporaryDirectory.path
        let path = parent + "/policy-server-dev-" + UUID().uuidString.lowercased()
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700])
        return path
    }
}
