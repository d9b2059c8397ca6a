import Foundation
import TestSupport

/// Runs the commands of a page in one shell, like a reader who copies one block after the other.
///
/// A page has the addresses and folders of a production machine. The script replaces them with those of the test and
/// changes nothing else.
struct DocumentedScript: Sendable {
    /// The parts of the machine that a page assumes.
    struct Machine: Sendable {
        let etcd: EtcdProcess
        let server: ServerProcess
        /// The second server, on the same etcd.
        let replica: ServerProcess
        /// The port of `server`, which stays the same when the server restarts.
        let port: UInt16
        let folder: TemporaryDirectory

        /// The substitutes for a page's addresses and folders.
        var places: [(String, String)] {
            [
                ("http://127.0.0.1:8080", "http://127.0.0.1:\(port)"),
                ("http://127.0.0.1:8081", "http://127.0.0.1:\(replica.port)"),
                ("http://127.0.0.1:2379", etcd.clientURL), ("http://10.0.0.1:2379", etcd.clientURL),
                ("/var/lib/policy-server", server.dataDirectory),
                ("/var/lib/replica", replica.dataDirectory),
                ("/backup", folder.file("backup")), ("/etc/policy-server", folder.file("etc")),
                (" -o policy-server", ""),  // the user of that name
                ("$(pgrep -x etcd)", etcd.processIdentifier.map(String.init) ?? ""),
            ]
        }
    }

    let machine: Machine

    /// Runs `blocks` and returns the standard output of each block.
    func run(
        _ blocks: [DocumentedPage.Block], also places: [(String, String)] = []
    ) async throws -> [String] {
        let folder = machine.folder
        for name in ["work", "backup", "etc", "outputs"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(name), withIntermediateDirectories: true)
        }
        var script = try Repository.text("scripts/lib/pages.sh")
        for (number, block) in blocks.enumerated() {
            var code = try Self.withStatuses(block.code)
            for (place, own) in places + machine.places {
                code = code.replacingOccurrences(of: place, with: own)
            }
            script += "\nbegin \(number)\n{\n\(code)\n} >\"$scratch/outputs/\(number)\"\n"
        }
        let status = try await shell(script)
        guard status == 0 else {
            let reached = (try? String(contentsOfFile: folder.file("block"), encoding: .utf8)) ?? ""
            let number = Int(reached.trimmingCharacters(in: .whitespacesAndNewlines))
            let block = number.map { "\(blocks[$0].heading), line \(blocks[$0].line)" } ?? "start"
            let output = number.flatMap { try? self.output($0) } ?? ""
            let errors = try String(contentsOfFile: folder.file("errors"), encoding: .utf8)
            throw FaultTestError(
                "\(block): exit \(status)\n\(errors.suffix(2000))\n\(output.suffix(1000))")
        }
        return try blocks.indices.map(output)
    }

    private func output(_ number: Int) throws -> String {
        try String(contentsOfFile: machine.folder.file("outputs/\(number)"), encoding: .utf8)
    }

    /// Returns the commands. A `curl` below a comment such as `# 409, …` must then get that status.
    static func withStatuses(_ code: String) throws -> String {
        var lines = code.components(separatedBy: "\n")
        for (number, line) in lines.enumerated() {
            guard let status = line.firstMatch(of: /^# ([1-5][0-9]{2})\b/)?.1 else { continue }
            guard number + 1 < lines.count, lines[number + 1].hasPrefix("curl ") else {
                throw FaultTestError("\(line): no curl follows it")
            }
            lines[number + 1] = "expected_status=\(status) " + lines[number + 1]
        }
        return lines.joined(separator: "\n")
    }

    /// Runs bash until it ends, and returns its exit status. Stops and starts the server when the script asks for it.
    private func shell(_ script: String) async throws -> Int32 {
        let folder = machine.folder
        try script.write(toFile: folder.file("script"), atomically: true, encoding: .utf8)
        let errors = folder.file("errors")
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", folder.file("script")]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.file("work"))
        var variables = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("POLICY_SERVER_") && !$0.key.hasPrefix("ETCD")
        }
        let programs = try ServerExecutable.locate().deletingLastPathComponent().path
        variables["PATH"] = programs + ":" + (variables["PATH"] ?? "/usr/bin:/bin")
        variables["ETCDCTL_API"] = "3"
        variables["ETCDCTL_ENDPOINTS"] = machine.etcd.clientURL
        variables["scratch"] = folder.path
        process.environment = variables
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try process.run()
        do {
            while process.isRunning {
                try await serveSystemctl()
                try await Task.sleep(for: .milliseconds(5))
            }
        } catch {
            process.terminate()
            throw error
        }
        return process.terminationStatus
    }

    /// Performs the request of the function `systemctl` in scripts/lib/pages.sh, if there is a request.
    private func serveSystemctl() async throws {
        let file = machine.folder.file("request")
        guard let request = try? String(contentsOfFile: file, encoding: .utf8) else { return }
        try FileManager.default.removeItem(atPath: file)
        switch request {
        case "stop": try await stop()
        case "start": try await machine.server.start()
        case "restart":
            try await stop()
            try await machine.server.start()
        default: throw FaultTestError("systemctl \(request): the tests know no such command")
        }
        _ = FileManager.default.createFile(
            atPath: machine.folder.file("answer"), contents: nil)
    }

    private func stop() async throws {
        let ending = try await machine.server.stop()
        guard ending == .exit(0) else { throw FaultTestError("the server ended with \(ending)") }
    }
}

/// Runs `body` with an etcd, two servers on it, and an empty folder.
func withDocumentedMachine(_ body: (DocumentedScript.Machine) async throws -> Void) async throws {
    try await withEtcd { etcd in
        let port = try LoopbackPort.free(count: 1)[0]
        try await withServer(on: etcd, flags: ["--listen", "127.0.0.1:\(port)"]) { server in
            try await withServer(on: etcd) { replica in
                try await body(
                    DocumentedScript.Machine(
                        etcd: etcd, server: server, replica: replica, port: port,
                        folder: try TemporaryDirectory()))
            }
        }
    }
}
