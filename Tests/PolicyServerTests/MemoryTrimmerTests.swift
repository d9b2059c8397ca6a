import Foundation
import PolicyServer
import Synchronization
import TestSupport
import Testing

struct MemoryTrimmerTests {
    @Test(.timeLimit(.minutes(1)))
    func `memory is given back once after it has grown, and not while it stays`() async throws {
        let size = Mutex(100 << 20)
        let trims = Mutex(0)
        let trimmer = MemoryTrimmer(interval: .milliseconds(1)) {
            size.withLock { $0 }
        } trim: {
            trims.withLock { $0 += 1 }
        }
        let task = Task { try await trimmer.run() }
        try await Task.sleep(for: .milliseconds(50))
        #expect(trims.withLock { $0 } == 0)
        size.withLock { $0 = 120 << 20 }
        while trims.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        try await Task.sleep(for: .milliseconds(50))
        #expect(trims.withLock { $0 } == 1)
        task.cancel()
        try await task.value
    }

    @Test func `the C library of this platform can give memory back`() throws {
        let size = try #require(MemoryTrimmer.residentMemory())
        #expect(size > 1 << 20)
        MemoryTrimmer.trimHeap()
    }
}
