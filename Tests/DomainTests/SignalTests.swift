import Domain
import Testing

struct SignalTests {
    @Test func `a signal that was raised twice before its task looks wakes the task once`() async {
        let (wakes, signal) = Signal.make()
        signal.raise()
        signal.raise()
        signal.finish()
        var count = 0
        for await _ in wakes { count += 1 }
        #expect(count == 1)
    }

    @Test func `a task that looks after each wake is woken by each later signal`() async {
        let (wakes, signal) = Signal.make()
        var iterator = wakes.makeAsyncIterator()
        for _ in 0..<3 {
            signal.raise()
            #expect(await iterator.next() != nil)
        }
        signal.finish()
        #expect(await iterator.next() == nil)
    }
}
