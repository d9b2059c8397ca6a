import Foundation
import PolicyServer
import Synchronization
import TestSupport
import Testing

struct MemoryTrimmerTests {
    /// The memory of a made-up process in bytes.
    private struct Memory {
        var resident = 100 << 20
        var inUse = 100 << 20
        var trims = 0
        /// The number of times that the trimmer has looked at the memory.
        var looks = 0

        mutating func look() -> Int {
            looks += 1
            return resident
        }

        mutating func trim() {
            resident = inUse
            trims += 1
        }
    }

    /// Runs `body` while a trimmer works on the memory.
    private static func with(_ body: (borrowing Mutex<Memory>) async throws -> Void) async throws {
        let memory = Mutex(Memory())
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            let trimmer = MemoryTrimmer(interval: .milliseconds(1)) {
                memory.withLock { $0.look() }
            } trim: {
                memory.withLock { $0.trim() }
            }
            tasks.addTask { try await trimmer.run() }
            // The first look is the size at the start.
            while memory.withLock({ $0.looks }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            try await body(memory)
            tasks.cancelAll()
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `memory is given back once after it has grown, and not while it stays`() async throws {
        try await Self.with { memory in
            try await Task.sleep(for: .milliseconds(50))
            #expect(memory.withLock { $0.trims } == 0)
            memory.withLock { $0.resident = 120 << 20 }
            while memory.withLock({ $0.trims }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .milliseconds(50))
            #expect(memory.withLock { $0.trims } == 1)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `memory that was in use at the last trim is given back once it is free`() async throws {
        try await Self.with { memory in
            memory.withLock { ($0.resident, $0.inUse) = (200 << 20, 190 << 20) }
            while memory.withLock({ $0.trims }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            memory.withLock { $0.inUse = 100 << 20 }
            while memory.withLock({ $0.resident }) > 100 << 20 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    @Test func `the C library of this platform can give memory back`() throws {
        let size = try #require(MemoryTrimmer.residentMemory())
        #expect(size > 1 << 20)
        MemoryTrimmer.trimHeap()
    }
}
