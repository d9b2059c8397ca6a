import Dispatch
import Foundation
import Synchronization

/// The output of the log: a bounded buffer, which a dispatch queue writes to a file descriptor.
///
/// Writing a line never waits. An event loop that wrote to a pipe without a reader would block with all its
/// connections. A line that does not fit into the buffer is therefore dropped and counted. `/metrics` shows the count
/// at once. The log itself reports dropped lines as soon as it can be written again.
package final class LogOutput: TextOutputStream, Sendable {
    /// The log of this program.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private struct State {
        var waiting: [UInt8] = []
        /// The number of dropped lines that the log has not reported yet.
        var untold: UInt64 = 0
        /// True while `drain` is running or about to run.
        var isWriting = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let state = Mutex(State())
    private let dropped = Atomic<UInt64>(0)
    // A dispatch queue instead of a task: writing to the descriptor can block, and Swift's pool has few threads.
    private let queue = DispatchQueue(label: "log")

    /// - Parameter limit: The maximum number of bytes in the buffer. A write in progress may hold the same number of
    ///   bytes again.
    package init(descriptor: Int32, limit: Int = 2 << 20) {
        self.descriptor = descriptor
        self.limit = limit
        // If the reader has closed the pipe, `write` now fails. Without this line SIGPIPE would end the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The number of lines dropped since the start.
    package var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// Adds one line to the buffer. Escapes control characters in the line, so that text from a client cannot appear as
    /// a separate line.
    package func write(_ line: String) {
        let bytes = Self.escaped(line)
        let mustStart = state.withLock { state in
            guard state.waiting.count + bytes.count <= limit else {
                state.untold += 1
                dropped.wrappingAdd(1, ordering: .relaxed)
                return false
            }
            state.waiting += bytes
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { queue.async { [self] in drain() } }
    }

    /// Waits until every line has been written, for at most `limit`.
    package func flush(within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while state.withLock({ $0.isWriting }), ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(2))) != nil else { return }
        }
    }

    private func drain() {
        while true {
            let (bytes, untold) = state.withLock { state in
                let taken = (state.waiting, state.untold)
                (state.waiting, state.untold) = ([], 0)
                state.isWriting = !taken.0.isEmpty || taken.1 > 0
                return taken
            }
            if bytes.isEmpty, untold == 0 { return }
            put(bytes)
            if untold > 0 {
                put(
                    Array(
                        "warning: \(untold) log lines were dropped, because nothing read them in time\n"
                            .utf8)
                )
            }
        }
    }

    /// Writes `bytes`. Lines that a broken descriptor does not accept count as dropped.
    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // The descriptor is non-blocking, because another process that shares it has changed its mode.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = Foundation.poll(&poll, 1, 1_000)
            } else if errno != EINTR {
                let lines = rest.reduce(into: UInt64(0)) { if $1 == 0x0A { $0 += 1 } }
                dropped.wrappingAdd(lines, ordering: .relaxed)
                return
            }
        }
    }

    private static func escaped(_ line: String) -> [UInt8] {
        var bytes = Array(line.utf8)
        if bytes.last == 0x0A { bytes.removeLast() }
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            bytes = bytes.flatMap { byte -> [UInt8] in
                guard byte < 0x20 || byte == 0x7F else { return [byte] }
                return Array("\\x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            }
        }
        bytes.append(0x0A)
        return bytes
    }
}
