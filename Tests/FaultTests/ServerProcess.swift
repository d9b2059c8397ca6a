import Foundation
import HTTPTypes
import Synchronization
import TestSupport

/// A real `policy-server` on a loopback port that it chooses itself. Its data directory survives its restarts.
///
/// `withServer` creates the process and ends it, even if the test process crashes (`ServerWatchdog`).
final class ServerProcess: Sendable {
    /// The end of a process: its exit code, or the signal that killed it.
    enum Ending: Sendable, Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    private struct Running {
        var process: Process
        var port: Int
        /// The file of the log; nil if the log goes to a pipe.
        var log: String?
        /// The pipe of the log. It stays open, but the test reads it only until the port is known.
        var pipe: Pipe?
    }

    /// The environment of the process.
    struct Surroundings: Sendable {
        /// The soft and hard limit of open descriptors; nil for the limits of the test process.
        var descriptors: Int?
        /// True if the log goes to a pipe that the test reads only at the start.
        var logsToPipe = false
    }

    let data: TemporaryDirectory
    /// The directory that contains the ledger.
    let dataDirectory: String
    private let executable: URL
    private let flags: [String]
    private let surroundings: Surroundings
    private let watchdog: ServerWatchdog
    private let running = Mutex<Running?>(nil)

    fileprivate init(
        etcd: [EtcdProcess], flags: [String], dataDirectory: String?, surroundings: Surroundings
    ) throws {
        executable = try ServerExecutable.locate()
        self.surroundings = surroundings
        data = try TemporaryDirectory()
        self.dataDirectory = dataDirectory ?? data.file("data")
        self.flags =
            [
                "serve", "--listen", "http://127.0.0.1:0", "--data-dir", self.dataDirectory,
                // The tests count every row, so their own reads must not become rows.
                "--audit-reads", "off",
            ] + etcd.flatMap { ["--etcd", $0.clientURL] } + flags
        watchdog = try ServerWatchdog(pidFile: data.file("pid"))
    }

    /// The ledger's file.
    var ledger: String { dataDirectory + "/audit.sqlite" }

    /// The port of the current or last process; 0 before the first start.
    var port: Int { running.withLock { $0?.port ?? 0 } }

    /// The id of the current or last process; nil before the first start.
    var processIdentifier: Int32? { running.withLock { $0?.process.processIdentifier } }

    /// Starts the process and waits until it listens. If `awaitsReady` is true, also waits until it is ready.
    func start(awaitsReady: Bool = true) async throws {
        let process = Process()
        var log: String?
        var pipe: Pipe?
        if surroundings.logsToPipe {
            pipe = Pipe()
            process.standardError = pipe
        } else {
            let file = data.file("log-\(UUID().uuidString)")
            _ = FileManager.default.createFile(atPath: file, contents: nil)
            guard let output = FileHandle(forWritingAtPath: file) else {
                throw FaultTestError("\(file) cannot be written")
            }
            log = file
            process.standardOutput = output
            process.standardError = output
        }
        process.executableURL = executable
        process.arguments = flags
        if let descriptors = surroundings.descriptors {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\"", executable.path] + flags
        }
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("POLICY_SERVER_") }
        process.standardInput = FileHandle.nullDevice
        try process.run()
        try watchdog.guardProcess(process.processIdentifier)
        running.withLock { [log, pipe] in
            $0 = Running(process: process, port: 0, log: log, pipe: pipe)
        }
        var seen = ""
        let port = try await Self.port(of: process) { [pipe, log] in
            if let pipe {
                seen += String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
                return seen
            }
            return (try? String(contentsOfFile: log ?? "", encoding: .utf8)) ?? ""
        }
        running.withLock { $0?.port = port }
        if awaitsReady { try await waitUntilReady() }
    }

    /// Waits until `/readyz` reports that every part works.
    func waitUntilReady(timeout: Duration = .seconds(30)) async throws {
        let client = HTTPTestClient(port: port)
        let deadline = ContinuousClock.now + timeout
        while true {
            let answer = try await client.send(.get, "/readyz")
            if answer.status == 200 { break }
            guard ContinuousClock.now < deadline else {
                throw FaultTestError("the server is not ready within \(timeout): \(answer.text)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        await client.close()
    }

    /// Kills the process (SIGKILL).
    func kill9() async throws {
        let ending = try await end(with: SIGKILL)
        guard ending == .signal(SIGKILL) else {
            throw FaultTestError("the server had ended before it was killed: \(ending)")
        }
    }

    /// Sends SIGTERM to the process and does not wait for its end.
    func terminate() { signal(SIGTERM) }

    /// The log of the current or last process; empty if it went to a pipe.
    var log: String {
        let file = running.withLock { $0?.log }
        return file.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) } ?? ""
    }

    /// Stops the process gracefully, waits for its end and returns how it ended.
    func stop(by signal: Int32 = SIGTERM) async throws -> Ending { try await end(with: signal) }

    /// Waits for the end of the process and returns how it ended.
    func ending() async throws -> Ending {
        guard let process = running.withLock({ $0?.process }) else {
            throw FaultTestError("the server was never started")
        }
        while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
        return process.terminationReason == .exit
            ? .exit(process.terminationStatus) : .signal(process.terminationStatus)
    }

    fileprivate func dispose() async {
        signal(SIGKILL)
        _ = try? await ending()
        watchdog.finish()
    }

    /// Sends a signal that does not end the process.
    func send(_ signal: Int32) throws { self.signal(signal) }

    private func end(with signal: Int32) async throws -> Ending {
        self.signal(signal)
        return try await ending()
    }

    private func signal(_ signal: Int32) {
        running.withLock { running in
            guard let process = running?.process, process.isRunning else { return }
            kill(process.processIdentifier, signal)
        }
    }

    /// Waits until the log shows the port of the server, and returns it. `read` returns the log.
    private static func port(of process: Process, read: () -> String) async throws -> Int {
        let deadline = ContinuousClock.now + .seconds(30)
        let mark = "listen=[\"http://127.0.0.1:"
        while true {
            let text = read()
            if let range = text.range(of: mark),
                let port = Int(text[range.upperBound...].prefix { $0.isNumber })
            {
                return port
            }
            guard process.isRunning, ContinuousClock.now < deadline else {
                throw FaultTestError("the server did not start: \(text.suffix(2000))")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Runs `body` with a ready server on `etcd`. Ends the server afterwards.
func withServer<Result: Sendable>(
    on etcd: EtcdProcess, flags: [String] = [], dataDirectory: String? = nil,
    surroundings: ServerProcess.Surroundings = ServerProcess.Surroundings(),
    _ body: (ServerProcess) async throws -> Result
) async throws -> Result {
    try await withServer(
        on: [etcd], flags: flags, dataDirectory: dataDirectory, surroundings: surroundings, body)
}

/// Runs `body` with a ready server on the members of a cluster. Ends the server afterwards.
func withServer<Result: Sendable>(
    on etcd: [EtcdProcess], flags: [String] = [], dataDirectory: String? = nil,
    surroundings: ServerProcess.Surroundings = ServerProcess.Surroundings(),
    _ body: (ServerProcess) async throws -> Result
) async throws -> Result {
    let server = try ServerProcess(
        etcd: etcd, flags: flags, dataDirectory: dataDirectory, surroundings: surroundings)
    do {
        try await server.start()
        let result = try await body(server)
        await server.dispose()
        return result
    } catch {
        await server.dispose()
        throw error
    }
}
