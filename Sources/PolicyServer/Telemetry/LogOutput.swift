import Dispatch
import Foundation
import Synchronization

/// The output of the log: a buffer of limited size. A dispatch queue writes the buffer to a file descriptor.
///
/// Writing a line never waits, because an event loop that waited for the reader of a pipe would block all its
/// connections. A line that does not fit into the buffer is dropped and counted. `/metrics` shows the count at once.
/// The log reports dropped lines as soon as the descriptor accepts output again.
package final class LogOutput: TextOutputStream, Sendable {
    /// The log of this program, written to standard error.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private struct State {
        var waiting: [UInt8] = []
        /// The number of dropped lines that the log has not reported yet.
        var untold: UInt64 = 0
        /// True while `drain` is running or scheduled.
        var isWriting = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let state = Mutex(State())
    private let dropped = Atomic<UInt64>(0)
    // A dispatch queue is used instead of a task, because writing to the descriptor can block, and Swift's pool has few
    // threads.
    private let queue = DispatchQueue(label: "log")

    /// Creates the output, and makes the process ignore SIGPIPE.
    ///
    /// - Parameter limit: The maximum number of bytes in the buffer. The bytes that are being written are no longer in
    ///   the buffer. Their number is also at most `limit`.
    package init(descriptor: Int32, limit: Int = 2 << 20) {
        self.descriptor = descriptor
        self.limit = limit
        // SIGPIPE is ignored, because it would end the process when the reader closes the pipe. `write` then returns an
        // error instead.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The number of lines that have been dropped since the start.
    package var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// Adds one line to the buffer. Control characters in the line are escaped, so that text from a client cannot look
    /// like a separate line.
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

    /// Waits until all lines have been written, or until `limit` has passed.
    package func flush(within limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        while state.withLock({ $0.isWriting }), ContinuousClock.now < deadline {
            guard (try? await Task.sleep(for: .milliseconds(2))) != nil else { return }
        }
    }

    /// The time between two writes. A single line is written at once, and the lines of a busy time together: a write and
    /// the wake-up of a thread for each line would take a tenth of the time of a read.
    private static let pause = DispatchTimeInterval.milliseconds(5)

    private func drain() {
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
                        .utf8))
        }
        queue.asyncAfter(deadline: .now() + Self.pause) { [self] in drain() }
    }

    /// Writes `bytes` to the descriptor. If the descriptor is broken, the remaining lines count as dropped.
    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // The descriptor is non-blocking if another process that shares the descriptor has changed its mode.
                // This line waits until the descriptor accepts output, for at most a second.
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
