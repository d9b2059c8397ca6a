import Foundation

/// The shell that ends etcd when this process ends; see `DevEtcd`.
final class Supervisor: Sendable {
    private let process: Process
    /// Only this process holds the writing end: its end is the signal.
    private let lifeline = Pipe()
    private let directory: String

    /// No `wait`: this shell may have been started with SIGCHLD blocked, and would wait for ever.
    private static let script = """
        trap '' HUP INT TERM
        directory=$1 program=$2 client=$3 peer=$4
        setsid "$program" --name dev --data-dir "$directory/etcd" \
            --listen-client-urls "$client" --advertise-client-urls "$client" \
            --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
            --initial-cluster "dev=$peer" </dev/null >"$directory/etcd.log" 2>&1 &
        etcd=$!
        echo "$etcd" >"$directory/etcd.pid"
        read -r _
        kill -KILL "$etcd" 2>/dev/null
        for try in 1 2 3 4 5 6 7 8 9 10; do
            rm -rf "$directory" && break
            sleep 0.1
        done
        """

    init(program: String, directory: String, client: Int, peer: Int) throws {
        self.directory = directory
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", Self.script, "etcd-supervisor", directory, program,
            "http://127.0.0.1:\(client)", "http://127.0.0.1:\(peer)",
        ]
        // etcd reads ETCD_… variables too; the flags alone decide here.
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("ETCD_")
        }
        // Neither the shell nor any later child may hold the writing end open.
        let end = lifeline.fileHandleForWriting.fileDescriptor
        guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0 else {
            throw StartFailure("cannot set up etcd's supervisor: errno \(errno)")
        }
        process.standardInput = lifeline
        try process.run()
    }

    /// Whether etcd has not ended; true until its number is known.
    var isEtcdRunning: Bool {
        guard let text = try? String(contentsOfFile: directory + "/etcd.pid", encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return process.isRunning }
        return kill(pid, 0) == 0 && !Self.isZombie(pid)
    }

    /// Ends etcd and removes its directory; returns when that is done. Takes a few milliseconds.
    func end() {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// proc(5): the state is the first field after the name in parentheses.
    private static func isZombie(_ pid: Int32) -> Bool {
        let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return stat?.split(separator: ")").last?.hasPrefix(" Z") ?? false
    }
}
