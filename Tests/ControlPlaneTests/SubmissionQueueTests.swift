import ControlPlane
import Domain
import Testing

@Suite struct SubmissionQueueTests {
    private static func submission(bytes: Int) throws -> Submission {
        let operation = ChangeOperation.policy("p")
        let (bench, deadline) = (PlannerBench(), ContinuousClock.now + .seconds(60))
        let change = PreparedChange(operation, regions: [])
        var draft = bench.planner.draft(
            change, .sample(operation), bench.mirror, deadline: deadline)
        var write = try #require(bench.write(operation))
        write.writes[0].bytes = [UInt8](repeating: 0x61, count: bytes)
        draft.decision = .write(write)
        return Submission(.sample(operation), change, draft, deadline: deadline, insists: false)
    }

    @Test("Writes that wait are bounded in bytes, and one that alone is larger is taken")
    func bytes() async throws {
        let small = try Self.submission(bytes: 1_000)
        let queue = SubmissionQueue(limit: 100, byteLimit: 3 * small.cost)
        for _ in 0..<3 { #expect(try queue.append(Self.submission(bytes: 1_000))) }
        #expect(try !queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 1).count == 1)
        #expect(try queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 10).count == 3)
        #expect(try queue.append(Self.submission(bytes: 100_000)))
        #expect(!queue.append(small))
    }

    @Test("Writes that wait are bounded in number, and those that are put back count")
    func number() async throws {
        let queue = SubmissionQueue(limit: 2, byteLimit: 1 << 20)
        let members = try (0..<2).map { _ in try Self.submission(bytes: 1) }
        for member in members { #expect(queue.append(member)) }
        #expect(try !queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 2).count == 2)
        queue.putBack(members)
        #expect(try !queue.append(Self.submission(bytes: 1)))
    }
}
