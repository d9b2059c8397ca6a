import Foundation
import Synchronization

/// A shell that waits for the end of its input. It then kills the guarded process and removes the directory. The
/// cleanup works even if the test or its process crashes.
final class EtcdWatchdog: Sendable {
    private let pidFile: URL
    private let process: Process
    private let input: Mutex<FileHandle?>

    init(directory: URL) throws {
        let script = """
            cat >/dev/null
            test -s "$1/pid" && kill -9 "$(cat "$1/pid")" 2>/dev/null
            for try in 1 2 3 4 5; do rm -rf "$1" && break; sleep 0.1; done
            """
        let pipe = Pipe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script, "etcd-watchdog", directory.path]
        process.standardInput = pipe
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        self.pidFile = directory.appendingPathComponent("pid")
        self.input = Mutex(pipe.fileHandleForWriting)
    }

    func guardProcess(_ pid: Int32) throws {
        try Data("\(pid)".utf8).write(to: pidFile)
    }

    /// Starts the watchdog's cleanup and waits until it is finished.
    func finish() async {
        input.withLock { handle in
            try? handle?.close()
            handle = nil
        }
        while process.isRunning {
            try? await Task.sleep(for: .milliseconds(5))
            // A cancelled task does not sleep. It yields instead, so that the loop does not block other tasks.
            if Task.isCancelled { await Task.yield() }
        }
    }
}
