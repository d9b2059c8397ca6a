import Foundation
import ServiceLifecycle

/// Returns free memory of the process to the operating system.
///
/// glibc keeps freed memory. Without this service, a process that once had many connections or large bodies would stay
/// that large, and a memory limit would have to allow for it.
package struct MemoryTrimmer: Service {
    private let interval: Duration
    private let resident: @Sendable () -> Int?
    private let trim: @Sendable () -> Void

    /// The growth in bytes since the last trim that makes a new trim worthwhile. A trim searches the whole heap and
    /// takes some milliseconds, so smaller growth is ignored.
    private static let growth = 16 << 20
    /// The number of intervals after which a large process is trimmed again, even if it has not grown. A process is
    /// large if its size is more than `growth` bytes above its lowest size. Without this rule, memory that became free
    /// only after the last trim could be kept forever, because it does not make the process grow.
    private static let patience = 4

    /// - Parameters:
    ///   - resident: Returns the resident memory of this process in bytes; nil if it is unknown.
    ///   - trim: Returns free memory to the operating system.
    package init(
        interval: Duration = .seconds(15),
        resident: @escaping @Sendable () -> Int? = Self.residentMemory,
        trim: @escaping @Sendable () -> Void = Self.trimHeap
    ) {
        self.interval = interval
        self.resident = resident
        self.trim = trim
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var floor = resident() ?? 0
            var lowest = floor
            var rest = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: interval)
                rest += 1
                guard let size = resident(),
                    size > floor + Self.growth
                        || (size > lowest + Self.growth && rest >= Self.patience)
                else { continue }
                trim()
                // `floor` becomes the memory that is still in use after this trim. The growth until the next trim is
                // measured from there.
                floor = resident() ?? size
                lowest = min(lowest, floor)
                rest = 0
            }
        }
    }

    /// Returns the resident memory in bytes: the second number of `/proc/self/statm` (proc(5)), multiplied by the page
    /// size. Returns nil if the system has no such file.
    package static func residentMemory() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Calls `malloc_trim(0)` (malloc_trim(3)). Does nothing if the C library lacks this function.
    package static func trimHeap() {
        typealias MallocTrim = @convention(c) (Int) -> Int32
        // Swift's module of glibc does not contain malloc.h, so the function is looked up by name.
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: MallocTrim.self)(0)
    }
}
