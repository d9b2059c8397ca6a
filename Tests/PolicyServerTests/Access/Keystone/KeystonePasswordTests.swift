import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// Tests of a credential with two passwords, and of the number of tries.
struct KeystonePasswordTests {
    private static let file: JSONValue = [
        "user_id": "u", "project_id": "p", "password": "first", "other_password": "second",
    ]

    /// The passwords that the stub has got, in the order of the tries.
    private static func tried(_ stub: ProviderStub) -> [String] {
        stub.bodies.map { body in
            let identity = (try? JSONParser.parse(body))?["auth"]?["identity"]
            return identity?["password"]?["user"]?["password"]?.stringValue ?? ""
        }
    }

    private static func isIdentified(_ authenticator: KeystoneAuthenticator) async -> Bool {
        (try? await authenticator.identify([.authToken: "token"])) != nil
    }

    @Test func `the password that Keystone accepted last is tried first`() async throws {
        let bytes = JSONSerializer.bytes(Self.file)
        try await KeystoneAnswerTests.with(cacheSeconds: 0, credential: bytes) {
            stub, authenticator, clock in
            let accepted = Mutex("second")
            stub.answer { request in
                let isRefused =
                    request.method == .post
                    && Self.tried(stub).last != accepted.withLock(\.self)
                guard !isRefused else { return ProviderStub.Answer(status: 401) }
                return KeystoneAnswerTests.answer(request) { _ in
                    .init(body: KeystoneAnswerTests.token())
                }
            }
            #expect(await Self.isIdentified(authenticator))
            #expect(Self.tried(stub) == ["first", "second"])
            clock.advance(by: 4_000_000_000)
            #expect(await Self.isIdentified(authenticator))
            #expect(Self.tried(stub).dropFirst(2) == ["second"])
            accepted.withLock { $0 = "first" }
            clock.advance(by: 10)
            #expect(await Self.isIdentified(authenticator))
            #expect(Self.tried(stub).dropFirst(3) == ["second", "first"])
            clock.advance(by: 10)
            #expect(await Self.isIdentified(authenticator))
            #expect(Self.tried(stub).dropFirst(5) == ["first"])
        }
    }

    @Test func `each password is refused once, and then the server waits`() async throws {
        let bytes = JSONSerializer.bytes(Self.file)
        try await KeystoneAnswerTests.with(credential: bytes) { stub, authenticator, clock in
            stub.answer([], status: 401)
            for _ in 0..<5 {
                let isIdentified = await Self.isIdentified(authenticator)
                #expect(!isIdentified)
            }
            #expect(Self.tried(stub) == ["first", "second"])
            clock.advance(by: 5)
            let isIdentified = await Self.isIdentified(authenticator)
            #expect(!isIdentified)
            #expect(Self.tried(stub) == ["first", "second", "first", "second"])
        }
    }

    @Test(
        arguments: [
            ["password": .null], ["other_password": ""],
            ["application_credential_id": "id", "application_credential_secret": "secret"],
        ] as [JSONValue])
    func `a second password needs a first one`(_ changes: JSONValue) throws {
        var file = try #require(Self.file.objectValue)
        for (key, value) in changes.objectValue ?? JSONObject() {
            file[key] = value == .null ? nil : value
        }
        let failure = #expect(throws: KeystoneFailure.self) {
            try KeystoneCredential(JSONSerializer.bytes(.object(file)))
        }
        #expect(failure?.description.contains("first") == false)
    }

    @Test func `an openrc file has the second password in OS_OTHER_PASSWORD`() throws {
        let lines = """
            export OS_USER_ID=u
            export OS_PROJECT_ID=p
            export OS_PASSWORD='first'
            export OS_OTHER_PASSWORD='second'
            """
        _ = try KeystoneCredential(Array(lines.utf8))
        #expect(throws: KeystoneFailure.self) {
            try KeystoneCredential(Array(lines.replacing("_PASSWORD='f", with: "_X='f").utf8))
        }
    }
}
