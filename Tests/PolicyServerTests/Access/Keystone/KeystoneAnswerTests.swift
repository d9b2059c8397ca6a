import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// Tests of answers that a real Keystone gives rarely or never, and of the number of questions.
struct KeystoneAnswerTests {
    static let user: JSONValue = [
        "id": "u1", "name": "alice", "domain": ["id": "default", "name": "Default"],
    ]

    /// A token as Keystone shows it, with other members. A change to nil removes a member.
    static func token(_ changes: [String: JSONValue?] = [:]) -> [UInt8] {
        var token = JSONObject()
        token["user"] = user
        token["expires_at"] = "2100-01-01T00:00:00.000000Z"
        token["audit_ids"] = ["audit-1"]
        for (name, value) in changes { token[name] = value }
        return JSONSerializer.bytes(["token": .object(token)])
    }

    private static let credential = Array(
        #"{"application_credential_id": "id", "application_credential_secret": "s3cr3t"}"#.utf8)

    static func answer(
        _ request: Request, _ number: Int = 0, _ validation: (String) -> ProviderStub.Answer
    ) -> ProviderStub.Answer {
        if request.method == .post, let name = HTTPField.Name("X-Subject-Token") {
            return ProviderStub.Answer(
                status: 201, headers: [name: "service-token-\(number)"], body: token())
        }
        return validation(request.headers[.authToken] ?? "")
    }

    static func with(
        cacheSeconds: Int = 60, timeout: Duration = .seconds(2),
        credential: [UInt8] = credential,
        rules: @escaping @Sendable () -> (value: KeystoneRules, generation: UInt64) = {
            (KeystoneRules([]), 1)
        },
        _ body: @Sendable (ProviderStub, KeystoneAuthenticator, TestClock) async throws -> Void
    ) async throws {
        try await ProviderStub.with { stub in
            let clock = TestClock()
            let url = try #require(ProviderURL(stub.url))
            let client = KeystoneClient(
                url: url, timeout: timeout, logger: .silent, now: clock.now
            ) { () throws(SettingError) in
                do throws(KeystoneFailure) {
                    return try KeystoneCredential(credential)
                } catch {
                    throw SettingError(error.description)
                }
            }
            let authenticator = KeystoneAuthenticator(
                client: client, url: url, rules: rules, cacheSeconds: cacheSeconds,
                now: clock.now)
            do {
                try await body(stub, authenticator, clock)
            } catch {
                Issue.record(error)
            }
            await client.close()
        }
    }

    private static func status(
        _ authenticator: KeystoneAuthenticator, _ token: String
    ) async throws -> Int {
        do {
            _ = try await authenticator.identify([.authToken: token])
            return 200
        } catch let problem as Problem {
            return problem.status.code
        }
    }

    private static let answers: [(ProviderStub.Answer, Int)] = [
        (.init(body: token()), 200), (.init(status: 404), 401), (.init(status: 401), 503),
        (.init(status: 403), 503), (.init(status: 500), 503), (.init(status: 429), 503),
        (.init(status: 302, headers: [.location: "http://127.0.0.1:1/"]), 503),
        (.init(status: 204), 503),
        (.init(body: []), 503), (.init(body: Array("{}".utf8)), 503),
        (.init(body: Array(#"{"token":{},"token":{}}"#.utf8)), 503),
        (.init(body: token(["user": .null])), 503),
        (.init(body: token(["user": ["id": "u1"]])), 503),
        (.init(body: token(["expires_at": "tomorrow"])), 503),
        (.init(body: token(["roles": "admin"])), 503),
        (.init(body: token(["roles": [["id": "1"]]])), 503),
        (.init(body: token(["project": ["id": "p"]])), 503),
        (.init(body: token(["project": user, "domain": ["id": "d", "name": "D"]])), 503),
        (
            .init(
                body: token([
                    "user": [
                        "id": "u", "name": .string(String(repeating: "n", count: 200)),
                        "domain": ["id": "d", "name": "D"],
                    ]
                ])), 401
        ),
        (
            .init(
                body: token() + [UInt8](repeating: 0x20, count: KeystoneToken.maximumAnswerBytes)),
            503
        ),
        (.init(body: token(), delay: .seconds(10)), 503),
        // Tokens of a trust and of OAuth name another person than the one who uses them.
        (
            .init(
                body: token([
                    "OS-TRUST:trust": [
                        "id": "t1", "impersonation": true, "trustor_user": ["id": "u1"],
                        "trustee_user": ["id": "u2"],
                    ]
                ])), 401
        ),
        (.init(body: token(["OS-OAUTH1": ["consumer_id": "c", "access_token_id": "a"]])), 401),
    ]

    @Test(arguments: 0..<23) func `each answer has its status`(_ number: Int) async throws {
        #expect(Self.answers.count == 23)
        let (answer, status) = Self.answers[number]
        try await Self.with { stub, authenticator, _ in
            stub.answer { request in Self.answer(request) { _ in answer } }
            let actual = try await Self.status(authenticator, "some-token")
            #expect(actual == status)
        }
    }

    @Test(arguments: [
        "", "a b", "tök", "a,b", "a\"b", "a;b", "a/b", "a%20b",
        String(repeating: "a", count: 8_193),
    ])
    func `a text that cannot be a token is refused without a question`(_ token: String) async throws
    {
        try await Self.with { stub, authenticator, _ in
            let status1 = try await Self.status(authenticator, token)
            #expect(status1 == 401)
            #expect(stub.count == 0)
        }
    }

    @Test func `simultaneous requests with one token share a question`() async throws {
        try await Self.with { stub, authenticator, _ in
            stub.answer { request in
                Self.answer(request) { _ in .init(body: Self.token(), delay: .milliseconds(200)) }
            }
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<200 { tasks.addTask { try await Self.status(authenticator, "one") } }
                for try await status in tasks { #expect(status == 200) }
            }
            // One for the token of this server, and one for that of the client.
            #expect(stub.count == 2)
        }
    }

    @Test func `questions and those who wait are bounded, and a failure frees everyone`()
        async throws
    {
        try await Self.with { stub, authenticator, _ in
            stub.answer { request in
                // No answer comes before the client gives up.
                Self.answer(request) { _ in .init(body: Self.token(), delay: .seconds(10)) }
            }
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for number in 0..<500 {
                    tasks.addTask { try await Self.status(authenticator, "token-\(number)") }
                }
                for try await status in tasks { #expect(status == 503) }
            }
            // One is for the token of this server. A request that comes after the first failures asks again.
            #expect(stub.count <= 1 + 2 * KeystoneAuthenticator.maximumQuestions)
            // Without the bounds it would take 500 / 32 times as long as one question.
            #expect(ContinuousClock.now - start < .seconds(15))
        }
    }

    @Test func `a token of this server that Keystone refuses is renewed once`() async throws {
        try await Self.with(cacheSeconds: 0) { stub, authenticator, _ in
            let logins = Mutex(0)
            stub.answer { request in
                if request.method == .post { logins.withLock { $0 += 1 } }
                let number = logins.withLock(\.self)
                return Self.answer(request, number) { asker in
                    asker == "service-token-1" ? .init(status: 401) : .init(body: Self.token())
                }
            }
            let status2 = try await Self.status(authenticator, "t")
            #expect(status2 == 200)
            #expect(logins.withLock(\.self) == 2)
            let status3 = try await Self.status(authenticator, "t")
            #expect(status3 == 200)
            #expect(logins.withLock(\.self) == 2)
        }
    }

    @Test func `a refused credential is not tried again for five seconds`() async throws {
        try await Self.with { stub, authenticator, clock in
            stub.answer([], status: 401)
            for number in 0..<20 {
                let status4 = try await Self.status(authenticator, "token-\(number)")
                #expect(status4 == 503)
            }
            #expect(stub.count == 1)
            clock.advance(by: 5)
            let status5 = try await Self.status(authenticator, "token")
            #expect(status5 == 503)
            #expect(stub.count == 2)
        }
    }
}
