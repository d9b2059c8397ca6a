import Foundation
import ServiceLifecycle

/// Gives memory that is free back to the operating system.
///
/// glibc keeps freed memory for itself. After many connections or large bodies the process would look as large as on
/// its worst day, and a limit on its memory would have to allow for it.
package struct MemoryTrimmer: Service {
    private let interval: Duration
    private let resident: @Sendable () -> Int?
    private let trim: @Sendable () -> Void

    /// The growth in bytes since the last trim that makes another one worthwhile. A trim walks through the heap and
    /// takes some milliseconds, so small changes are left alone.
    private static let growth = 16 << 20
    /// The number of intervals after which a trim is repeated while the memory is above its lowest size. What was in use
    /// at the last trim may be free now, and that is no growth.
    private static let patience = 4

    /// - Parameters:
    ///   - resident: Returns the resident memory of this process in bytes; nil if it is not known.
    ///   - trim: Gives free memory back.
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
                // The memory that is still in use is the new floor. It may also have become smaller.
                floor = resident() ?? size
                lowest = min(lowest, floor)
                rest = 0
            }
        }
    }

    /// Returns the second number of `/proc/self/statm` (proc(5)) in bytes.
    package static func residentMemory() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Calls `malloc_trim(0)` (malloc_trim(3)). Does nothing with a C library that lacks it.
    package static func trimHeap() {
        typealias MallocTrim = @convention(c) (Int) -> Int32
        // Swift's module of glibc leaves out malloc.h, so the function is looked up by its name.
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(symbol, to: MallocTrim.self)(0)
    }
}
