import Foundation

/// A shell that ends etcd when this process ends. The comment of `DevEtcd` explains why it is needed.
final class EtcdSupervisor: Sendable {
    private let process: Process
    /// A pipe to the shell's standard input. Only this process holds the writing end, so the shell reads end-of-file
    /// when this process ends.
    private let lifeline = Pipe()
    private let directory: String

    /// The script that the shell runs. It does not use `wait`, because a shell that is started with SIGCHLD blocked
    /// would wait forever.
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
        // etcd also reads environment variables that begin with `ETCD_`. This line removes such variables, because they
        // must not override the flags.
        process.environment = ProcessInfo.processInfo.environment.filter {
            !$0.key.hasPrefix("ETCD_")
        }
        // The writing end is closed in child processes: if the shell or another child held it open, the shell would not
        // read end-of-file.
        let end = lifeline.fileHandleForWriting.fileDescriptor
        guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0 else {
            throw StartFailure("cannot set up etcd's supervisor: errno \(errno)")
        }
        process.standardInput = lifeline
        try process.run()
    }

    /// True if etcd is running. Until etcd's process id is known, true if the shell is running.
    var isEtcdRunning: Bool {
        guard let text = try? String(contentsOfFile: directory + "/etcd.pid", encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return process.isRunning }
        // The shell never waits for etcd, so an ended etcd remains as a zombie. `kill` also succeeds for a zombie,
        // hence the second check.
        return kill(pid, 0) == 0 && !Self.isZombie(pid)
    }

    /// Makes the shell end etcd and remove the directory, and waits until the shell has ended. This takes a few
    /// milliseconds.
    func end() {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// Returns true if the process `pid` is a zombie. In `/proc/<pid>/stat`, the state is the first field after the
    /// name in parentheses (proc(5)).
    private static func isZombie(_ pid: Int32) -> Bool {
        let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return stat?.split(separator: ")").last?.hasPrefix(" Z") ?? false
    }
}

/// Finds and tests ports of 127.0.0.1.
enum LoopbackPort {
    /// Returns two different ports on which no process currently listens.
    static func freePair() throws -> (Int, Int) {
        let first = try bound()
        // The first socket stays open until the second port is chosen, so that the ports differ.
        defer { close(first.socket) }
        let second = try bound()
        defer { close(second.socket) }
        return (first.port, second.port)
    }

    /// Returns true if a process accepts connections on `port`.
    static func accepts(_ port: Int) -> Bool {
        let socket = open()
        guard socket >= 0 else { return false }
        defer { close(socket) }
        return withAddress(port: port) { connect(socket, $0, $1) } == 0
    }

    private static func bound() throws -> (socket: Int32, port: Int) {
        let socket = open()
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = socket >= 0 && withAddress(port: 0) { bind(socket, $0, $1) } == 0
        let hasName =
            isBound
            && withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(socket, $0, &length)
                }
            } == 0
        guard hasName else {
            close(socket)
            throw StartFailure("no free port on 127.0.0.1 for etcd")
        }
        return (socket, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func open() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    }

    private static func withAddress(
        port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// Finds programs on PATH.
enum Executable {
    /// Returns the path of the program `name`; nil if no folder of PATH contains it.
    static func find(
        _ name: String, path: String? = ProcessInfo.processInfo.environment["PATH"]
    ) -> String? {
        (path ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
