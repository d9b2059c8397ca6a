import ControlPlane
import Synchronization
import TestSupport
import Testing

@Suite struct CoalescingTaskTests {
    /// Counts runs and keeps each of them going until `isOpen` is true.
    private final class Gate: Sendable {
        let isOpen = Mutex(false)
        let runs = Mutex(0)

        func run() async {
            while !isOpen.withLock({ $0 }), !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(1))
            }
            runs.withLock { $0 += 1 }
        }
    }

    @Test("A caller that gives up returns at once, and the others get their run")
    func givingUp() async throws {
        let (turns, gate) = (CoalescingTask(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await turns.run(gate.run) }
            try await eventually("the first waits") { turns.waiting == 1 }
            let impatient = Task { await turns.run(gate.run) }
            group.addTask { await turns.run(gate.run) }
            try await eventually("all wait") { turns.waiting == 3 }
            impatient.cancel()
            await impatient.value
            #expect(turns.waiting == 2)
            gate.isOpen.withLock { $0 = true }
            try await group.waitForAll()
        }
        #expect(gate.runs.withLock { $0 } == 2)
        #expect(turns.waiting == 0)
    }
}
