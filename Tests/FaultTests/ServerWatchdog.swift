import Foundation
import Synchronization

/// A shell that waits for the end of its input, then kills the process whose number is in a file: so
/// that a server ends with the test process, even if that one crashes.
final class ServerWatchdog: Sendable {
    private let pidFile: String
    private let process: Process
    private let input: Mutex<FileHandle?>

    init(pidFile: String) throws {
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", #"cat >/dev/null; test -s "$1" && kill -9 "$(cat "$1")" 2>/dev/null"#,
            "server-watchdog", pidFile,
        ]
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.pidFile = pidFile
        self.process = process
        input = Mutex(pipe.fileHandleForWriting)
    }

    /// From now on `pid` is the process to kill, instead of an earlier one.
    func guardProcess(_ pid: Int32) throws {
        try Data("\(pid)".utf8).write(to: URL(fileURLWithPath: pidFile))
    }

    /// Call when the guarded process has ended: its number may soon be another's.
    func finish() {
        try? FileManager.default.removeItem(atPath: pidFile)
        input.withLock { handle in
            try? handle?.close()
            handle = nil
        }
        process.waitUntilExit()
    }
}
