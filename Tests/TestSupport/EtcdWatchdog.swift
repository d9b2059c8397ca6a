import Foundation
import Synchronization

/// A shell process that waits until its input is closed, and then kills the guarded process and removes the directory.
/// The watchdog works even if the test process crashes, because the kernel then closes the input.
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

    /// Closes the input of the shell, and waits until the shell has killed the process and removed the directory.
    func finish() async {
        input.withLock { handle in
            try? handle?.close()
            handle = nil
        }
        while process.isRunning {
            try? await Task.sleep(for: .milliseconds(5))
            // In a cancelled task, `sleep` returns at once. `yield` then lets other tasks run.
            if Task.isCancelled { await Task.yield() }
        }
    }
}
