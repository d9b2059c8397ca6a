import Documents
import Domain
import HTTPTypes
import TestSupport
import Testing

/// The replacement of the credential of this server, as docs/operate/keystone.md says, with a real Keystone.
@Suite(.timeLimit(.minutes(5))) struct KeystoneRotationTests {
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
}
