import HTTPTypes
import Synchronization
import TestSupport

/// Clients that write as fast as the server answers, and record the answers. Each client writes its own objects. Region
/// `west` must exist.
final class WriteLoad: Sendable {
    /// The reaction of a client to a 503.
    enum Persistence: Sendable {
        case goesOn
        /// Sends the request again with the same Idempotency-Key until it is decided.
        case triesAgain
    }

    private let book = Mutex(WriteLog())
    private let isStopped = Atomic(false)
    private let number = Atomic(0)
    private let unansweredMayBeApplied: Bool

    /// - Parameter unansweredMayBeApplied: False if a write without an answer must have no effect.
    init(unansweredMayBeApplied: Bool = true) {
        self.unansweredMayBeApplied = unansweredMayBeApplied
    }

    var log: WriteLog { book.withLock { $0 } }

    /// Stops the clients after their current answers.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Waits until `count` more writes have been acknowledged.
    func acknowledge(another count: Int) async throws {
        let goal = log.acknowledged.count + count
        let deadline = ContinuousClock.now + .seconds(40)
        while log.acknowledged.count < goal {
            guard ContinuousClock.now < deadline else {
                throw FaultTestError("no \(count) writes were acknowledged: \(log)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Runs the clients until `stop` is called. A client ends earlier if its connection ends.
    func run(_ server: ServerProcess, clients: [Persistence]) async {
        isStopped.store(false, ordering: .relaxed)
        await withTaskGroup(of: Void.self) { group in
            for persistence in clients {
                group.addTask { await self.runClient(APIClient(server), persistence) }
            }
        }
    }

    private func runClient(_ client: APIClient, _ persistence: Persistence) async {
        while !isStopped.load(ordering: .relaxed) {
            guard await runCycle(client, persistence) else { break }
        }
        await client.http.close()
    }

    /// Creates a subnet and deletes every other one, or creates a policy and changes it. Returns false if the
    /// connection has ended.
    private func runCycle(_ client: APIClient, _ persistence: Persistence) async -> Bool {
        let number = number.add(1, ordering: .relaxed).newValue
        let block = number << 4
        let subnet = Write.subnet(
            "s\(number)", cidr: "10.\(block >> 16 & 255).\(block >> 8 & 255).\(block & 255)/28")
        var isConnected = true
        /// Sends `write`. Returns true if it was acknowledged.
        func carryOut(_ write: Write) async -> Bool {
            guard isConnected, !isStopped.load(ordering: .relaxed) else { return false }
            let status = await send(write, client, persistence)
            isConnected = status != nil
            return status.map { (200..<300).contains($0) } ?? false
        }
        if number.isMultiple(of: 2) {
            let isThere = await carryOut(subnet)
            if isThere, number.isMultiple(of: 4) { _ = await carryOut(.deletion(of: subnet)) }
        } else if await carryOut(.policy("p\(number)", order: number)) {
            _ = await carryOut(.policy("p\(number)", order: number + 1_000_000))
        }
        return isConnected
    }

    /// Sends the write and returns its final status; nil if the connection ended before the answer.
    private func send(
        _ write: Write, _ client: APIClient, _ persistence: Persistence
    ) async -> Int? {
        let key = persistence == .triesAgain ? write.path + (write.marker ?? "-gone") : nil
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let start = ContinuousClock.now
            guard
                let answer = try? await client.send(
                    write.method, write.path, write.body, key: key)
            else {
                book.withLock { $0.recordUnanswered(write, mayBeApplied: unansweredMayBeApplied) }
                return nil
            }
            let time = ContinuousClock.now - start
            book.withLock { $0.record(write, answer, took: time) }
            let isDecided = answer.status != 503 || key == nil
            if isDecided || ContinuousClock.now > deadline { return answer.status }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
