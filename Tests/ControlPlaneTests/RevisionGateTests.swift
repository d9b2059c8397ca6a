import ControlPlane
import Testing

@Suite struct RevisionGateTests {
    private let far = ContinuousClock.now + .seconds(60)

    @Test("Waits for a revision reached already return at once, whatever the deadline")
    func reached() async {
        let gate = RevisionGate()
        gate.advance(to: 7)
        #expect(await gate.wait(for: 7, until: .now - .seconds(1)))
        #expect(await gate.wait(for: 3, until: far))
    }

    @Test("An advance lets exactly those pass whose revision it reaches")
    func passes() async {
        let gate = RevisionGate()
        await withTaskGroup(of: (Int64, Bool).self) { group in
            for revision in 1...100 as ClosedRange<Int64> {
                group.addTask { (revision, await gate.wait(for: revision, until: self.far)) }
            }
            for revision in [10, 5, 60] as [Int64] { gate.advance(to: revision) }
            var passed: Set<Int64> = []
            while passed.count < 60, let (revision, isReached) = await group.next() {
                #expect(isReached)
                passed.insert(revision)
            }
            #expect(passed == Set(1...60))
            gate.close()
            while let (revision, isReached) = await group.next() {
                #expect(revision > 60)
                #expect(!isReached)
            }
        }
        #expect(await !gate.wait(for: 61, until: far))
    }

    @Test("A reset ends the waits for revisions that it reaches, and keeps the others")
    func resetPasses() async {
        let gate = RevisionGate()
        async let satisfied = gate.wait(for: 5, until: far)
        async let open = gate.wait(for: 9, until: far)
        while gate.waiting < 2 { await Task.yield() }
        gate.reset(to: 7)
        #expect(await satisfied)
        #expect(gate.waiting == 1)
        gate.close()
        #expect(await !open)
    }

    @Test("A wait whose deadline has passed ends without the revision")
    func expires() async throws {
        let gate = RevisionGate()
        let ended = await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    gate.expire(.now)
                    await Task.yield()
                }
                return nil
            }
            let result = await gate.wait(for: 1, until: .now)
            group.cancelAll()
            return result
        }
        #expect(!ended)
        async let later = gate.wait(for: 2, until: far)
        gate.advance(to: 2)
        #expect(await later)
    }

    @Test("A wait that is cancelled ends at once and leaves nothing behind")
    func cancelled() async throws {
        let gate = RevisionGate()
        for isWaiting in [true, false] {
            let task = Task { await gate.wait(for: 1, until: far) }
            while isWaiting, gate.waiting == 0 { await Task.yield() }
            task.cancel()
            #expect(await !task.value)
            #expect(gate.waiting == 0)
        }
        // A wait for a revision that is already reached succeeds, even if its task is cancelled.
        gate.advance(to: 1)
        let late = Task { await gate.wait(for: 1, until: far) }
        late.cancel()
        #expect(await late.value)
    }

    @Test("A reset may go back, an advance never does")
    func reset() {
        let gate = RevisionGate()
        gate.advance(to: 9)
        gate.advance(to: 4)
        #expect(gate.reached == 9)
        gate.reset(to: 4)
        #expect(gate.reached == 4)
    }
}
