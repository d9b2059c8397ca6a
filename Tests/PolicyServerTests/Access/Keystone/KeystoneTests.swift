import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Tests against a real Keystone. It answers one request at a time, so the tests run one after the other.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct KeystoneTests {
    @Test func `roles in a project give the grants of its rules`() async throws {
        let east = Grant(.editor, regions: .some(["xyz-east"]))
        let west = Grant(.viewer, regions: .some(["xyz-west"]), kinds: ["Subnet"])
        try await KeystoneFixture.with { cloud in
            let east1 = try await cloud.project("east")
            return [
                .init(scope: .project(id: east1), roles: ["member"], grants: [east]),
                .init(
                    scope: .projectNamed("west" + cloud.suffix, domain: "Default"),
                    roles: ["reader", "member"],
                    grants: [west]),
                .init(scope: .domainNamed("Default"), roles: ["member"], grants: [Grant(.auditor)]),
                .init(scope: .system, roles: ["admin"], grants: [Grant(.admin)]),
            ]
        } _: { fixture in
            let cloud = fixture.cloud
            let alice = try await cloud.user("alice")
            let west1 = try await cloud.project("west")
            let projects = try await cloud.asAdmin(.get, "/projects?name=east\(cloud.suffix)")[
                "projects"]
            let east1 = try #require(projects?.arrayValue?.first?["id"]?.stringValue)
            // A project with the same name in another domain.
            let domain = try await cloud.asAdmin(
                .post, "/domains", ["domain": ["name": .string("other" + cloud.suffix)]])
            let other = try #require(domain["domain"]?["id"]?.stringValue)
            let foreign = try await cloud.project("west", domain: other)
            for project in [east1, west1, foreign] {
                try await cloud.grant("reader", to: alice, project: project)
            }
            try await cloud.grant("member", to: alice, project: east1)
            try await cloud.grant("member", to: alice, domain: "default")
            for (token, grants) in [
                (try await cloud.token("alice", project: east1), [east]),
                (try await cloud.token("alice", project: west1), [west]),
                (try await cloud.token("alice", project: foreign), []),
                (
                    try await cloud.token("alice", scope: ["domain": ["id": "default"]]),
                    [Grant(.auditor)]
                ),
                (try await cloud.token("alice"), []),
            ] {
                let (identity, wasKnown) = try await fixture.identify(token)
                #expect(identity.principal == "alice\(cloud.suffix)@Default")
                #expect(identity.method == .keystone)
                #expect(identity.grants == grants)
                #expect(identity.credential != nil)
                #expect(!wasKnown)
                #expect(try await fixture.identify(token).wasKnown)
            }
        }
    }

    @Test func `an application credential is a credential of its user`() async throws {
        try await KeystoneFixture.with { cloud in
            [
                .init(
                    scope: .projectNamed("apps" + cloud.suffix, domain: "Default"),
                    roles: ["member"],
                    grants: [Grant(.editor)])
            ]
        } _: { fixture in
            let cloud = fixture.cloud
            let (bob, project) = (try await cloud.user("bob"), try await cloud.project("apps"))
            try await cloud.grant("member", to: bob, project: project)
            let first = try await cloud.token("bob", project: project)
            let id = try await cloud.applicationCredential(first, user: bob)
            let token = try await cloud.token(applicationCredential: id)
            let (identity, _) = try await fixture.identify(token)
            #expect(identity.principal == "bob\(cloud.suffix)@Default")
            #expect(identity.grants == [Grant(.editor)])
            // Without its credential the token ends, when what is known of it ends.
            try await cloud.asAdmin(.delete, "/users/\(bob)/application_credentials/\(id)")
            fixture.clock.advance(by: 60)
            #expect(try await fixture.problem(token).status == .unauthorized)
        }
    }

    @Test func `a wrong token gets 401 with the address of Keystone, and is not asked for twice`()
        async throws
    {
        try await KeystoneFixture.with { fixture in
            for token in ["gAAAAABwrong", "0123456789abcdef", "a.b.c"] {
                let problem = try await fixture.problem(token)
                #expect(problem.status == .unauthorized)
                #expect(
                    problem.headers[.wwwAuthenticate]
                        == "Keystone uri=\"\(fixture.cloud.keystone.url)\"")
                // The second refusal needs no question.
                let fields: HTTPFields = [.authToken: token]
                #expect(throws: Problem.self) {
                    try fixture.authenticator.authenticate(Request(headers: fields))
                }
            }
            // The token of this server's own user is a token like others.
            let own = try await fixture.cloud.token("policy-server")
            #expect(try await fixture.identify(own).identity.grants == [])
        }
    }

    @Test func `a revoked token is accepted until the cache time is over`() async throws {
        try await KeystoneFixture.with { fixture in
            _ = try await fixture.cloud.user("carol")
            let token = try await fixture.cloud.token("carol")
            #expect(try await !fixture.identify(token).wasKnown)
            try await fixture.cloud.revoke(token)
            fixture.clock.advance(by: 59)
            #expect(try await fixture.identify(token).wasKnown)
            fixture.clock.advance(by: 1)
            #expect(try await fixture.problem(token).status == .unauthorized)
        }
    }

    @Test func `without a cache a revoked token is refused at once`() async throws {
        try await KeystoneFixture.with(cacheSeconds: 0) { fixture in
            _ = try await fixture.cloud.user("dave")
            let token = try await fixture.cloud.token("dave")
            #expect(try await !fixture.identify(token).wasKnown)
            #expect(try await !fixture.identify(token).wasKnown)
            try await fixture.cloud.revoke(token)
            #expect(try await fixture.problem(token).status == .unauthorized)
        }
    }

    @Test func `a new credential of this server needs no restart`() async throws {
        try await KeystoneFixture.with(cacheSeconds: 0) { fixture in
            let cloud = fixture.cloud
            _ = try await cloud.user("erin")
            let token = try await cloud.token("erin")
            _ = try await fixture.identify(token)
            let name = "policy-server" + cloud.suffix
            let users = try await cloud.asAdmin(.get, "/users?name=\(name)")["users"]
            let id = try #require(users?.arrayValue?.first?["id"]?.stringValue)
            let projects = try await cloud.asAdmin(.get, "/projects?name=service\(cloud.suffix)")[
                "projects"]
            let project = try #require(projects?.arrayValue?.first?["id"]?.stringValue)
            try await cloud.asAdmin(.patch, "/users/\(id)", ["user": ["password": "second-secret"]])
            // The old token of this server is revoked, and its file still has the old password.
            let failed = try await fixture.problem(token)
            #expect(failed.status == .serviceUnavailable)
            #expect(failed.headers[.retryAfter] == "5")
            var credential: JSONValue = [
                "user_id": .string(id), "password": "second-secret", "project_id": .string(project),
            ]
            try fixture.write(credential)
            fixture.clock.advance(by: 5)
            // Keystone counts in seconds: a token of the second in which the password changed is revoked too.
            try await Task.sleep(for: .milliseconds(1_100))
            _ = try await fixture.identify(token)
            // From the password to an application credential. Keystone still accepts the last token.
            let own = try await cloud.token(
                "policy-server", password: "second-secret", project: project)
            let app = try await cloud.applicationCredential(own, user: id)
            credential = [
                "application_credential_id": .string(app),
                "application_credential_secret": "app-secret",
            ]
            try fixture.write(credential)
            _ = try await fixture.identify(token)
            // A token of this server is renewed before it expires, here with the new credential.
            fixture.clock.advance(by: 3_600 - 60)
            _ = try await fixture.identify(token)
        }
    }

    @Test func `a user who may not validate tokens is no credential for this server`() async throws
    {
        try await KeystoneFixture.with(role: "member") { fixture in
            _ = try await fixture.cloud.user("frank")
            let problem = try await fixture.problem(fixture.cloud.token("frank"))
            #expect(problem.status == .serviceUnavailable)
            #expect(problem.type == "/problems/identity-unavailable")
        }
    }

    @Test func `known tokens stay known while Keystone is down, and others get 503`() async throws {
        try await KeystoneProcess.with { keystone in
            try await KeystoneFixture.with(keystone) { fixture in
                _ = try await fixture.cloud.user("grace")
                let (known, other) = (
                    try await fixture.cloud.token("grace"), try await fixture.cloud.token("grace")
                )
                _ = try await fixture.identify(known)
                try await keystone.kill9()
                #expect(try await fixture.identify(known).wasKnown)
                for _ in 0..<3 {
                    let problem = try await fixture.problem(other)
                    #expect(problem.status == .serviceUnavailable)
                    #expect(problem.headers[.retryAfter] == "5")
                }
                fixture.clock.advance(by: 60)
                #expect(try await fixture.problem(known).status == .serviceUnavailable)
                try await keystone.start()
                #expect(
                    try await fixture.identify(known).identity == fixture.identify(known).identity)
                _ = try await fixture.identify(other)
            }
        }
    }
}
