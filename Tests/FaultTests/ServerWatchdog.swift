import Foundation
import Synchronization

/// A shell that waits for the end of its input and then kills the process whose id is in a file. The server therefore
/// ends with the test process, even if the test process crashes.
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

    /// Makes `pid` the process to kill, instead of any earlier process.
    func guardProcess(_ pid: Int32) throws {
        try Data("\(pid)".utf8).write(to: URL(fileURLWithPath: pidFile))
    }

    /// Ends the watchdog. Must be called after the guarded process has ended, because the system may soon give its id
    /// to another process.
    func finish() {
        try? FileManager.default.removeItem(atPath: pidFile)
        input.withLock { handle in
            try? handle?.close()
            handle = nil
        }
        process.waitUntilExit()
    }
}
