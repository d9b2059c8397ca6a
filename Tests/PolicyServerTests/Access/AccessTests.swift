import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// Tests of the one place that every request passes, with every method of authentication.
struct AccessTests {
    /// A proof of a principal that has one role.
    struct Proof: Sendable, CustomTestStringConvertible {
        var name: String
        var testDescription: String { name }
        /// Makes the authenticator and a request that it accepts.
        var make: @Sendable (Role) throws -> (authenticator: any Authenticator, request: Request)
    }

    static let proofs = [
        Proof(name: "token") { role in
            let fixture = try TokenFixture()
            let token = try fixture.add("p", [Grant(role)])
            return (try fixture.authenticator(), .authorized("Bearer \(token.secretText)"))
        },
        Proof(name: "certificate") { role in
            let certificate = ClientCertificate(commonName: "p", fingerprint: "ab")
            let tls = TLSSession(version: "TLSv1.3", certificate: certificate)
            return (
                CertificateAuthenticator(
                    rule: CertificateRule(name: .cn),
                    grants: try grants("- {principal: p, grants: [{role: \(role.rawValue)}]}")),
                Request(peer: Peer(address: "192.0.2.1", tls: tls))
            )
        },
        Proof(name: "unix") { role in
            let grants = try grants(
                "- {uid: 7, principal: p, grants: [{role: \(role.rawValue)}]}")
            return (
                UnixAuthenticator(grants: grants), Request(peer: Peer(address: "unix", userID: 7))
            )
        },
        Proof(name: "a question to another server") { role in
            let identity = Identity("p", method: .keystone, grants: [Grant(role)])
            return (StubAuthenticator { _ in .later { identity } }, Request())
        },
    ]

    private static func grants(_ text: String) throws -> ReloadingFile<GrantTable> {
        let fixture = try TokenFixture()
        try fixture.write(text)
        return try ReloadingFile(
            fixture.path, subject: "the file of grants", bytes: GrantTable.bytes
        ) { try GrantTable($0) }
    }

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

    @Test(arguments: proofs, Role.allCases)
    func `every route is open to exactly the roles with its permission`(
        _ proof: Proof, _ role: Role
    ) async throws {
        let (authenticator, request) = try proof.make(role)
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
            #expect(
                answer.principal == (need == .nothing ? "anonymous@\(request.remoteAddress)" : "p"))
        }
    }

    @Test(arguments: proofs)
    func `without a credential every route but health is closed`(_ proof: Proof) async throws {
        guard !proof.name.contains("question") else { return }
        let access = Access([try proof.make(.admin).authenticator])
        for (need, route) in try Self.routes() {
            let answer = try await Self.answer(access, route, Request())
            #expect(answer.status.code == (need == .nothing ? 204 : 401))
            #expect((answer.headers[.wwwAuthenticate] != nil) == (need != .nothing))
        }
    }

    @Test(arguments: proofs)
    func `a route without a need is closed to an admin`(_ proof: Proof) async throws {
        let (authenticator, request) = try proof.make(.admin)
        let route = Route(.get, "/v1/unknown") { _ in Response() }
        let answer = try await Self.answer(Access([authenticator]), route, request)
        #expect(answer.status == .forbidden)
    }

    @Test(arguments: proofs)
    func `X-Actor must be the principal`(_ proof: Proof) async throws {
        let (authenticator, request) = try proof.make(.admin)
        let route = Route(.get, "/v1/regions") { _ in Response() }
        for (actor, status) in [("p", 200), ("P", 400), ("q", 400), ("", 400)] {
            var request = request
            request.headers[try #require(HTTPField.Name("X-Actor"))] = actor
            let answer = try await Self.answer(Access([authenticator]), route, request)
            #expect(answer.status.code == status, "\(actor)")
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

        #expect(access.failureCounts.map(\.count) == [10])
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
    let method = AuthenticationMethod.token
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
        let other = Request(peer: Peer(address: "192.0.2.2"))
        #expect(try await Self.answer(access, route, other).status == .unauthorized)
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
