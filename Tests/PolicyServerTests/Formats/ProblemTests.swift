import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Store
import Testing

struct ProblemTests {
    @Test(arguments: [
        (Refusal.Reason.notFound, 404), (.invalid, 422), (.preconditionFailed, 412),
        (.overlap, 409), (.inUse, 409), (.legacyLoss, 409), (.exhausted, 409),
        (.alreadyExists, 409), (.idempotencyKeyReused, 422), (.reserved, 422), (.tooLarge, 413),
        (.rollbackAbsent, 409), (.refusedByEtcd, 422), (.forbidden, 403),
        (.pendingStale, 409), (.pendingExpired, 409), (.ownRequest, 403), (.tooManyPending, 409),
    ])
    func `a refusal has the status that the ledger records`(
        _ reason: Refusal.Reason, _ status: Int
    ) {
        let problem = Problem.refused(Refusal(reason, "because"))
        #expect(problem.status.code == status)
        #expect(OutcomeStatuses.http.refused(reason).status == status)
        #expect(problem.detail == "because")
        #expect(problem.headers[.retryAfter] == nil)
        #expect(problem.type.hasPrefix("/problems/"))
    }

    @Test(arguments: [
        ControlPlaneError.Code.notReady, .etcdUnavailable, .ledgerUnavailable, .outcomeUnknown,
        .notYetVisible, .overloaded, .replicaBehind, .cancelled,
    ])
    func `an unavailable part is 503 and says when to try again`(_ code: ControlPlaneError.Code) {
        let problem = Problem.failed(ControlPlaneError(code, "why"))
        #expect(problem.status.code == 503)
        #expect(problem.headers[.retryAfter].flatMap { Int($0) }.map { $0 > 0 } == true)
    }

    @Test func `an unknown outcome names the change`() throws {
        var generator = SystemRandomNumberGenerator()
        let id = ChangeID.generate(unixMilliseconds: 1, using: &generator)
        let problem = Problem.failed(ControlPlaneError(.outcomeUnknown, "why", changeID: id))
        #expect(try body(problem)["changeId"] == .string(id.text))
    }

    @Test func `a failed precondition names the current ETag`() throws {
        let problem = Problem.refused(
            Refusal(.preconditionFailed, "other", currentRevision: 42))
        #expect(problem.headers[.eTag] == #""42""#)
        #expect(try body(problem)["currentETag"] == #""42""#)
    }

    @Test(arguments: [
        (Refusal.Reason.overlap, "conflicts"), (.inUse, "usedBy"), (.legacyLoss, "wouldLose"),
    ])
    func `conflicting objects are listed and counted`(
        _ reason: Refusal.Reason, _ member: String
    ) throws {
        let web = ObjectReference(kind: "Subnet", name: "web", region: "west", cidr: "10.1.0.0/24")
        let problem = Problem.refused(Refusal(reason, "why", objects: [web], total: 7))
        let document = try body(problem)
        #expect(
            document[member] == [
                ["kind": "Subnet", "name": "web", "region": "west", "cidr": "10.1.0.0/24"]
            ])
        #expect(document["total"] == 7)
    }

    @Test func `a body that cannot be read is 400 and says where`() throws {
        let error = #expect(throws: DocumentError.self) {
            try JSONParser.parse(Array(#"{"a":1,"a":2}"#.utf8))
        }
        let problem = Problem.unreadable(try #require(error))
        #expect(problem.status.code == 400)
        let violation = try #require(try body(problem)["violations"]?.arrayValue?.first)
        #expect(violation["pointer"] == "/a")
        #expect(violation["rule"] == "document.duplicate-key")
        #expect(problem.detail?.hasPrefix("/a: the key \"a\" occurs twice") == true)
    }

    @Test func `a hold and a rollback name the first error`() {
        let hold = #expect(throws: Problem.self) {
            try HoldBody(["reason": "", "x": 1], name: "h")
        }
        #expect(hold?.detail == "/x: There is no such member. (and 1 more)")
        let rollback = Refusal(breaking: RollbackBody(["to": "noon"]).violations)
        #expect(Problem.refused(rollback).detail?.hasPrefix("/to: expected a revision") == true)
    }

    @Test(arguments: StoreError.Code.allCases)
    func `every failure of the ledger is 503`(_ code: StoreError.Code) {
        #expect(Problem.ledger(StoreError(code: code, message: "m")).status.code == 503)
    }

    private func body(_ problem: Problem) throws -> JSONValue {
        try JSONParser.parse(problem.json)
    }
}
