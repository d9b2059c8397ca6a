import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import Testing

/// Tests that the answer to a refusal has a limited size for any request.
struct AnswerBoundTests {
    /// The maximum size of an answer in bytes: the list of violations, a detail in which each byte is escaped as six
    /// bytes, and 2,000 bytes for the rest.
    private static let bound = ViolationList.listBytes + 6 * 2_000 + 2_000

    @Test(arguments: ["x", "\u{1}", "é", "\u{1F600}", "\""])
    func `an answer bounds its bytes, its violations and their texts`(_ piece: String)
        throws
    {
        let long = String(repeating: piece, count: 20_000)
        let violations = (0..<300).map {
            Violation(pointer: "/\($0)\(long)", rule: .unknownField, message: long)
        }
        let problem = Problem.refused(
            Refusal(.invalid, long, violations: ViolationList(violations)))
        #expect(problem.json.count <= Self.bound)
        let body = try JSONParser.parse(problem.json)
        let listed = try #require(body["violations"]?.arrayValue)
        #expect(!listed.isEmpty && listed.count <= ViolationList.limit)
        #expect(body["violationCount"] == 300)
        for violation in listed {
            #expect(
                (violation["message"]?.stringValue?.utf8.count ?? .max) <= ViolationList
                    .messageBytes + 3)
            #expect(
                (violation["pointer"]?.stringValue?.utf8.count ?? .max) <= ViolationList
                    .pointerBytes + 3)
        }
    }

    @Test func `a body that cannot be read is answered within the same bounds`() throws {
        let key = String(repeating: "k", count: 400_000)
        let error = try #require(throws: DocumentError.self) {
            try JSONParser.parse("{\"\(key)\":1,\"\(key)\":2}")
        }
        let problem = Problem.unreadable(error)
        #expect(problem.json.count <= 6_000)
        #expect(problem.status.code == 400)
        #expect(try JSONParser.parse(problem.json)["violationCount"] == 1)
    }

    @Test func `a document that is too large to read is 413`() throws {
        let error = try #require(throws: DocumentError.self) {
            try DocumentFormat.json.parse(Array(String(repeating: "[", count: 100).utf8))
        }
        #expect(Problem.unreadable(error).status.code == 413)
        #expect(Problem.unreadable(error).type == "/problems/too-large")
    }

    /// Sixteen large bodies arrive at the same time. The queue must read them one after another.
    @Test func `large bodies are read one at a time`() async {
        let largeBodies = LargeBodyQueue()
        let gauge = Gauge()
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<16 {
                tasks.addTask {
                    await largeBodies.perform(bytes: LargeBodyQueue.largeBody) {
                        gauge.enter()
                        _ = (0..<20_000).reduce(0) { $0 &+ $1 }
                        gauge.leave()
                    }
                }
            }
        }
        #expect(gauge.most == 1)
    }
}

/// Counts the callers between `enter` and `leave`, and keeps the highest count.
private final class Gauge: Sendable {
    private let now = Atomic(0)
    private let highest = Atomic(0)

    var most: Int { highest.load(ordering: .sequentiallyConsistent) }

    func enter() {
        let count = now.add(1, ordering: .sequentiallyConsistent).newValue
        highest.max(count, ordering: .sequentiallyConsistent)
    }

    func leave() { now.subtract(1, ordering: .sequentiallyConsistent) }
}
