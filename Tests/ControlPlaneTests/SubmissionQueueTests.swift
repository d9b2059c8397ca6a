import Domain
import Testing

@testable import ControlPlane

@Suite struct SubmissionQueueTests {
    private static func submission(bytes: Int) -> Submission {
        let operation = ChangeOperation.policy("p")
        let write = PlannedWrite(
            name: .policy("p"), verb: .create,
            writes: [
                ObjectWrite(
                    path: PlannerBench.root + "x", bytes: [UInt8](repeating: 0x61, count: bytes),
                    expectedRevision: 0)
            ], warnings: [], before: nil, after: nil)
        let bench = PlannerBench()
        let reads = PlanningView(bench.mirror).log.reads
        return Submission(
            .sample(operation), PreparedChange(operation, regions: []),
            Draft(decision: .write(write), reads: reads), deadline: .now + .seconds(60),
            insists: false)
    }

    @Test("Writes that wait are bounded in bytes, and one that alone is larger is taken")
    func bytes() async {
        let small = Self.submission(bytes: 1_000)
        let queue = SubmissionQueue(limit: 100, byteLimit: 3 * small.cost)
        for _ in 0..<3 { #expect(queue.append(Self.submission(bytes: 1_000))) }
        #expect(!queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 1).count == 1)
        #expect(queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 10).count == 3)
        #expect(queue.append(Self.submission(bytes: 100_000)))
        #expect(!queue.append(small))
    }

    @Test("Writes that wait are bounded in number, and those that are put back count")
    func number() async {
        let queue = SubmissionQueue(limit: 2, byteLimit: 1 << 20)
        let members = (0..<2).map { _ in Self.submission(bytes: 1) }
        for member in members { #expect(queue.append(member)) }
        #expect(!queue.append(Self.submission(bytes: 1)))
        #expect(await queue.next(upTo: 2).count == 2)
        queue.putBack(members)
        #expect(!queue.append(Self.submission(bytes: 1)))
    }
}
