import ControlPlane
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// Tests of the one place that every request passes, with every method of authentication.
struct AccessTests {
    /// The routes of the table in both forms of handlers, with an answer that shows that the handler has run.
    private static func routes() throws -> [(need: RouteNeed, route: Route)] {
        try RouteNeed.table.flatMap { line, need in
            let parts = line.split(separator: " ")
            let method = try #require(HTTPRequest.Method(String(parts[0])))
            let pattern = String(parts[1])
            return [
                (need, Route(immediate: method, pattern) { _ in Response(status: .noContent) }),
                (need, Route(method, pattern) { _ in Response(status: .noContent) }),
            ]
        }
    }

    private static func answer(
        _ access: Access, _ route: Route, _ request: Request
    ) async throws -> Response {
        switch access.guarding(route).handler {
        case .immediate(let handler): try handler(request)
        case .asynchronous(let handler): try await handler(request)
        case .either(let handler):
            switch try handler(request) {
            case .answer(let response): response
            case .later(let work): try await work()
            }
        }
    }

    @Test func `there is a proof for each method by which a client proves who it is`() {
        #expect(
            Set(AccessProof.all.map(\.method))
                == Set(AuthenticationMethod.allCases.filter(\.isProof)))
    }

    @Test(arguments: AccessProof.all, Role.allCases)
    func `every route is open to exactly the roles with its permission`(
        _ proof: AccessProof, _ role: Role
    ) async throws {
        try await proof.with(role) { authenticator, request in
            let access = Access([authenticator])
            for (need, route) in try Self.routes() {
                let isOpen =
                    switch need {
                    case .nothing, .identity: true
                    case .permission(let permission): role.permissions.contains(permission)
                    }
                let answer = try await Self.answer(access, route, request)
                let line = "\(route.method.rawValue) \(route.pattern)"
                #expect(answer.status.code == (isOpen ? 204 : 403), "\(line)")
                let anonymous = "anonymous@\(request.remoteAddress)"
                #expect(answer.principal == (need == .nothing ? anonymous : proof.principal))
            }
            #expect(access.failureCounts.map(\.method) == [proof.method])
            #expect(access.failureCounts.allSatisfy { $0.count == 0 })
        }
    }

    @Test(arguments: AccessProof.all)
    func `without a credential every route but health is closed`(_ proof: AccessProof) async throws
    {
        try await proof.with(.admin) { authenticator, _ in
            let access = Access([authenticator])
            for (need, route) in try Self.routes() {
                let answer = try await Self.answer(access, route, Request())
                #expect(answer.status.code == (need == .nothing ? 204 : 401))
                #expect((answer.headers[.wwwAuthenticate] != nil) == (need != .nothing))
            }
        }
    }

    @Test(arguments: AccessProof.all)
    func `a route without a need is closed to an admin`(_ proof: AccessProof) async throws {
        try await proof.with(.admin) { authenticator, request in
            let route = Route(.get, "/v1/unknown") { _ in Response() }
            let answer = try await Self.answer(Access([authenticator]), route, request)
            #expect(answer.status == .forbidden)
        }
    }

    @Test(arguments: AccessProof.all)
    func `X-Actor must be the principal`(_ proof: AccessProof) async throws {
        try await proof.with(.admin) { authenticator, request in
            let route = Route(.get, "/v1/regions") { _ in Response() }
            let name = proof.principal
            for (actor, status) in [(name, 200), (name.uppercased(), 400), ("q", 400), ("", 400)] {
                var request = request
                request.headers[try #require(HTTPField.Name("X-Actor"))] = actor
                let answer = try await Self.answer(Access([authenticator]), route, request)
                #expect(answer.status.code == status, "\(actor)")
            }
        }
    }

    @Test func `the first authenticator with a credential of its kind decides`() async throws {
        func stub(_ name: String?) -> StubAuthenticator {
            StubAuthenticator { _ in
                name.map { .identity(Identity($0, method: .token, grants: [])) }
            }
        }
        let refusing = StubAuthenticator { _ throws(Problem) in throw .invalidToken("No.") }
        let route = Route(.get, "/v1/whoami") { Response(principal: $0.caller.principal) }
        let cases: [([any Authenticator], String?)] = [
            ([stub(nil), stub("a"), stub("b")], "a"), ([stub("b"), refusing], "b"),
            ([refusing, stub("a")], nil), ([stub(nil)], nil),
        ]
        for (authenticators, principal) in cases {
            let answer = try await Self.answer(Access(authenticators), route, Request())
            #expect(answer.status.code == (principal == nil ? 401 : 200))
            if let principal { #expect(answer.principal == principal) }
        }
    }

    @Test func `a challenge is named once, and there is always one`() async throws {
        let route = Route(.get, "/v1/whoami") { _ in Response() }
        func challenge(_ challenges: [String?]) async throws -> String? {
            let access = Access(challenges.map { StubAuthenticator(challenge: $0) { _ in nil } })
            return try await Self.answer(access, route, Request()).headers[.wwwAuthenticate]
        }
        #expect(try await challenge(["A", nil, "B", "A"]) == "A, B")
        #expect(try await challenge([nil]) == #"Connection realm="policy-server""#)
    }

    /// The count of calls shows that a closed source causes no work.
    @Test(arguments: [true, false])
    func `after the free failures a source is refused before any work`(
        _ isLater: Bool
    ) async throws {
        let counter = CallCounter()
        let stub = StubAuthenticator { _ throws(Problem) in
            counter.count()
            guard isLater else { throw .invalidToken("No.") }
            return .later { throw Problem.invalidToken("No.") }
        }
        let access = Access([stub])
        let route = Route(.get, "/v1/whoami") { _ in Response() }
        let request = Request(peer: Peer(address: "192.0.2.1"))
        var statuses: [Int] = []
        for _ in 0..<30 {
            statuses.append(try await Self.answer(access, route, request).status.code)
        }
        #expect(statuses.prefix(10).allSatisfy { $0 == 401 })
        #expect(statuses.dropFirst(10).allSatisfy { $0 == 429 })
        #expect(counter.value == 10)
        #expect(access.failureCounts.map(\.count) == [10])
        let other = Request(peer: Peer(address: "192.0.2.2"))
        #expect(try await Self.answer(access, route, other).status == .unauthorized)
    }

    /// All attempts are sent before the first one has a result.
    @Test(arguments: [(0, 66), (1, 12), (9, 12)])
    func `attempts that still run count against the free failures`(
        _ failures: Int, _ maximum: Int
    ) async throws {
        let counter = CallCounter()
        let stub = StubAuthenticator { _ in
            .later {
                counter.count()
                if counter.value > failures { try await Task.sleep(for: .milliseconds(500)) }
                throw Problem.invalidToken("No.")
            }
        }
        let access = Access([stub])
        let route = Route(.get, "/v1/whoami") { _ in Response() }
        let request = Request(peer: Peer(address: "192.0.2.1"))
        for _ in 0..<failures { _ = try await Self.answer(access, route, request) }
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<200 {
                group.addTask { try await Self.answer(access, route, request).status.code }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect((1...maximum).contains(counter.value))
        #expect(statuses.filter { $0 == 429 }.count == 200 + failures - counter.value)
        let other = Request(peer: Peer(address: "192.0.2.2"))
        #expect(try await Self.answer(access, route, other).status == .unauthorized)
    }

    @Test func `a stream ends with the rights and the credential that it began with`() async throws
    {
        let east = Grant(.auditor, regions: .some(["east"]))
        let west = Grant(.auditor, regions: .some(["west"]))
        let need = RouteNeed.permission(.readAudit)
        func isAdmitted(
            _ caller: Identity, _ now: Authentication, _ need: RouteNeed = need
        ) async -> Bool {
            var request = Request()
            request.identity = caller
            return await Access([StubAuthenticator { _ in now }]).isStillAdmitted(request, need)
        }
        let alice = Identity("alice", method: .token, grants: [east, west])
        for (grants, isExpected) in [
            ([east, west], true), ([west, east], true), ([east], false), ([], false),
            ([east, west, Grant(.viewer)], false),
        ] {
            let now = Identity("alice", method: .token, grants: grants)
            #expect(await isAdmitted(alice, .identity(now)) == isExpected)
        }
        let bob = Identity("bob", method: .token, grants: alice.grants)
        #expect(await !isAdmitted(alice, .identity(bob)))
        // While the provider does not answer, the credential counts until it expires.
        let silent = Authentication.later { throw Problem(status: .serviceUnavailable) }
        let time = SystemClock.now().microseconds
        for (expires, isExpected) in [(Int64?.none, true), (60, true), (-1, false)] {
            var caller = alice
            caller.expires = expires.map { Timestamp(microseconds: time + $0 * 1_000_000) }
            #expect(await isAdmitted(caller, silent) == isExpected)
        }
        #expect(await !isAdmitted(alice, .later { throw Problem.invalidToken("No.") }))
    }

    @Test func `a question that cannot be answered is no failure of the client`() async throws {
        let stub = StubAuthenticator { _ in
            .later { throw Problem(status: .serviceUnavailable) }
        }
        let access = Access([stub])
        let route = Route(.get, "/v1/whoami") { _ in Response() }
        for _ in 0..<30 {
            let answer = try await Self.answer(access, route, Request())
            #expect(answer.status == .serviceUnavailable)
        }
    }
}

/// An authenticator that runs a closure.
struct StubAuthenticator: Authenticator {
    let method = AuthenticationMethod.token
    var challenge: String?
    var body: @Sendable (Request) throws(Problem) -> Authentication?

    init(
        challenge: String? = nil,
        _ body: @escaping @Sendable (Request) throws(Problem) -> Authentication?
    ) {
        self.challenge = challenge
        self.body = body
    }

    func authenticate(_ request: Request) throws(Problem) -> Authentication? { try body(request) }
}

/// Counts calls.
final class CallCounter: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }

    func count() { number.withLock { $0 += 1 } }
}
