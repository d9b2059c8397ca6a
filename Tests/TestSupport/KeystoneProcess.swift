package import Foundation
import Synchronization

/// A real OpenStack Keystone on a free loopback port, with its database in a temporary directory.
///
/// `scripts/keystone-venv` installs Keystone. A watchdog process kills Keystone and removes the directory when the
/// test is finished or this process ends.
package final class KeystoneProcess: Sendable {
    package let port: UInt16
    /// The temporary directory of this Keystone. A test may write files to the directory. The directory is removed
    /// together with this Keystone.
    package let directory: URL
    private let watchdog: EtcdWatchdog
    private let process = Mutex<Process?>(nil)

    /// A Keystone that many tests share. The watchdog kills this Keystone when this process ends.
    package static let shared = Task {
        let keystone = try await KeystoneProcess()
        try await keystone.start()
        return keystone
    }

    /// A directory with an empty database and with keys. Each Keystone gets a copy of both, because creating a
    /// database takes several seconds.
    private static let template = Task {
        let (directory, watchdog) = try newDirectory()
        let log = directory.appendingPathComponent("prepare.log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = try command(["prepare", directory.path], log: log)
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        guard status == 0 else {
            throw EtcdProcessError("Keystone's database cannot be made: \(tail(log))")
        }
        return (directory, watchdog)
    }

    private init() async throws {
        let (template, _) = try await Self.template.value
        port = try LoopbackPort.free(count: 1)[0]
        (directory, watchdog) = try Self.newDirectory()
        for name in ["keystone.sqlite", "keys"] {
            try FileManager.default.copyItem(
                at: template.appendingPathComponent(name),
                to: directory.appendingPathComponent(name))
        }
    }

    /// Runs `body` with a new Keystone, and then removes this Keystone.
    package static func with(_ body: @Sendable (KeystoneProcess) async throws -> Void) async throws
    {
        let keystone = try await KeystoneProcess()
        do {
            try await keystone.start()
            try await body(keystone)
        } catch {
            await keystone.watchdog.finish()
            throw error
        }
        await keystone.watchdog.finish()
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// Starts Keystone with its data and waits until it answers.
    package func start() async throws {
        let log = directory.appendingPathComponent("server.log")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let process = try Self.command(["serve", directory.path, "\(port)"], log: log)
        try process.run()
        try watchdog.guardProcess(process.processIdentifier)
        self.process.withLock { $0 = process }
        let deadline = ContinuousClock.now + .seconds(60)
        while await !LoopbackPort.get("/v3", port: port).contains("\"stable\"") {
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw EtcdProcessError("Keystone does not answer: \(Self.tail(log))")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Kills Keystone without warning (SIGKILL).
    package func kill9() async throws {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            kill(process.processIdentifier, SIGKILL)
        }
        while process.withLock({ $0?.isRunning ?? false }) {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func newDirectory() throws -> (URL, EtcdWatchdog) {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("keystone-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
        )
        return (directory, try EtcdWatchdog(directory: directory))
    }

    private static func command(_ arguments: [String], log: URL) throws -> Process {
        let python = Repository.root.appendingPathComponent(".build/keystone-venv/bin/python")
        guard FileManager.default.isExecutableFile(atPath: python.path) else {
            throw EtcdProcessError("Keystone is not installed; run scripts/keystone-venv")
        }
        let process = Process()
        process.executableURL = python
        process.arguments =
            [Repository.root.appendingPathComponent("scripts/lib/keystone/run.py").path] + arguments
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("OS_")
        }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        return process
    }

    private static func tail(_ log: URL) -> String {
        String(decoding: ((try? Data(contentsOf: log)) ?? Data()).suffix(2_000), as: UTF8.self)
    }
}
