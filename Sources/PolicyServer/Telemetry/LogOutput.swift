import Dispatch
import Foundation
import Synchronization

/// The output of the log: a bounded queue before a file descriptor, which a dispatch queue empties.
///
/// Writing a line never waits. If an event loop wrote to a pipe that no process reads, it would block with all its
/// connections. So a line without room in the queue is dropped and counted. `/metrics` shows the count at once, and
/// the log reports it when it can be written again.
package final class LogOutput: TextOutputStream, Sendable {
    /// The log of this program.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private struct State {
        var waiting: [UInt8] = []
        /// Dropped lines that the log has not reported.
        var untold: UInt64 = 0
        /// True while `drain` is running or about to run.
        var isWriting = false
    }

    private let descriptor: Int32
    private let limit: Int
    private let state = Mutex(State())
    private let dropped = Atomic<UInt64>(0)
    private let queue = DispatchQueue(label: "log")

    /// - Parameter limit: The most bytes that the queue holds. As many bytes again may be in the course of being
    ///   written.
    package init(descriptor: Int32, limit: Int = 2 << 20) {
        self.descriptor = descriptor
        self.limit = limit
        // If the reader has closed the pipe, `write` fails instead of SIGPIPE ending the process.
        signal(SIGPIPE, SIG_IGN)
    }

    /// Lines that were dropped since the start.
    package var droppedLines: UInt64 { dropped.load(ordering: .relaxed) }

    /// Queues one line with its newline. Control characters in it are escaped, so that text of a client cannot
    /// appear as a separate line.
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

    /// Waits until every line has been written, at most for `limit`.
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
                        "warning: \(untold) lines of the log were dropped: nobody took them\n".utf8)
                )
            }
        }
    }

    /// Writes `bytes`. Lines that a broken descriptor does not take count as dropped.
    private func put(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another process that shares the descriptor has made it non-blocking.
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
