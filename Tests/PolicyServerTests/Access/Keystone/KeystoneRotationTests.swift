import Documents
import Domain
import HTTPTypes
import Synchronization
import TestSupport
import Testing

/// The replacement of the credential of this server, as docs/operate/keystone.md says, with a real Keystone.
@Suite(.timeLimit(.minutes(5))) struct KeystoneRotationTests {
    private final class Load: Sendable {
        let isOver = Atomic(false)
        let answers = Atomic(0)

        /// Waits until `count` more questions have been answered.
        func answer(another count: Int) async throws {
            let goal = answers.load(ordering: .relaxed) + count
            let deadline = ContinuousClock.now + .seconds(60)
            while answers.load(ordering: .relaxed) < goal {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func `no question fails while the application credential of this server changes`()
        async throws
    {
        // Without a cache, each request makes the server ask Keystone with its credential.
        try await KeystoneFixture.with(cacheSeconds: 0) { fixture in
            let cloud = fixture.cloud
            _ = try await cloud.user("alice")
            let token = try await cloud.token("alice")
            let service = fixture.service
            let login = try await cloud.token("policy-server", project: service.project)
            func use(_ credential: String) throws {
                try fixture.write([
                    "application_credential_id": .string(credential),
                    "application_credential_secret": "app-secret",
                ])
            }
            let old = try await cloud.applicationCredential(login, user: service.id, name: "old")
            let new = try await cloud.applicationCredential(login, user: service.id, name: "new")
            try use(old)
            let name = "alice\(cloud.suffix)@Default"
            #expect(try await fixture.identify(token).identity.principal == name)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<2 {
                    tasks.addTask {
                        for _ in 0..<6 {
                            let identity = try await fixture.identify(token).identity
                            #expect(identity.principal == name)
                        }
                    }
                }
                try use(new)
                // The token that Keystone has given for this credential ends with it.
                try await cloud.asAdmin(
                    .delete, "/users/\(service.id)/application_credentials/\(old)")
                try await tasks.waitForAll()
            }
            #expect(try await fixture.identify(token).identity.principal == name)
        }
    }

    /// - Parameter isExpiring: True if the server requests a token of its own for each question. Otherwise it does so
    ///   only when Keystone refuses the one that it has.
    @Test(arguments: [false, true])
    func `no question fails while the password of this server changes`(
        isExpiring: Bool
    ) async throws {
        try await KeystoneFixture.with(cacheSeconds: 0) { fixture in
            let cloud = fixture.cloud
            _ = try await cloud.user("alice")
            let token = try await cloud.token("alice")
            func use(_ password: String, _ other: String? = nil) throws {
                var credential = JSONObject()
                credential["user_id"] = .string(fixture.service.id)
                credential["project_id"] = .string(fixture.service.project)
                credential["password"] = .string(password)
                credential["other_password"] = other.map { .string($0) }
                try fixture.write(.object(credential))
                if isExpiring { fixture.clock.advance(by: 86_400) }
            }
            let name = "alice\(cloud.suffix)@Default"
            #expect(try await fixture.identify(token).identity.principal == name)
            let load = Load()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                defer { load.isOver.store(true, ordering: .relaxed) }
                for _ in 0..<2 {
                    tasks.addTask {
                        while !load.isOver.load(ordering: .relaxed) {
                            let identity = try? await fixture.identify(token).identity
                            #expect(identity?.principal == name)
                            load.answers.add(1, ordering: .relaxed)
                        }
                    }
                }
                try await load.answer(another: 4)
                for (old, new) in [("secret", "second"), ("second", "third")] {
                    try use(new, old)
                    try await load.answer(another: 8)
                    try await cloud.asAdmin(
                        .patch, "/users/\(fixture.service.id)",
                        ["user": ["password": .string(new)]])
                    try await load.answer(another: 8)
                    try use(new)
                    try await load.answer(another: 8)
                }
                load.isOver.store(true, ordering: .relaxed)
                try await tasks.waitForAll()
            }
        }
    }

    @Test func `the order of the two passwords does not matter`() async throws {
        try await KeystoneFixture.with { fixture in
            let cloud = fixture.cloud
            _ = try await cloud.user("alice")
            try fixture.write([
                "user_id": .string(fixture.service.id),
                "project_id": .string(fixture.service.project),
                "password": "not yet", "other_password": "secret",
            ])
            let token = try await cloud.token("alice")
            let name = "alice\(cloud.suffix)@Default"
            #expect(try await fixture.identify(token).identity.principal == name)
        }
    }
}
