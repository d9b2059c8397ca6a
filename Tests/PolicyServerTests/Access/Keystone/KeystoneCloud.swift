import ControlPlane
import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import Synchronization
import TestSupport
import Testing

/// The users and projects of one test in a real Keystone. Their names end in a suffix of the test.
struct KeystoneCloud: Sendable {
    let keystone: KeystoneProcess
    let admin: String
    let suffix: String
    private let client: HTTPTestClient
    /// The ids of the roles by name.
    private let roles: [String: String]

    struct Answer: Error, CustomStringConvertible {
        var status: Int
        var description: String
    }

    init(_ keystone: KeystoneProcess) async throws {
        self.keystone = keystone
        client = HTTPTestClient(port: Int(keystone.port))
        suffix = String(UUID().uuidString.prefix(8)).lowercased()
        let scope: JSONValue = ["project": ["name": "admin", "domain": ["id": "default"]]]
        let body = Self.password("admin", "admin-password", scope)
        let (_, token) = try await Self.send(client, .post, "/auth/tokens?nocatalog", body)
        admin = token
        let list = try await Self.send(client, .get, "/roles", nil, token: token).body["roles"]
        roles = Dictionary(
            uniqueKeysWithValues: (list?.arrayValue ?? []).map {
                ($0["name"]?.stringValue ?? "", $0["id"]?.stringValue ?? "")
            })
    }

    /// Sends a request of the Identity API. Returns the body and the field X-Subject-Token.
    @discardableResult
    private static func send(
        _ client: HTTPTestClient, _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue?,
        token: String? = nil, subject: String? = nil
    ) async throws -> (body: JSONValue, subject: String) {
        var headers: HTTPFields = [:]
        if let token { headers[.authToken] = token }
        if body != nil { headers[.contentType] = "application/json" }
        if let subject, let name = HTTPField.Name("X-Subject-Token") { headers[name] = subject }
        let response = try await client.send(
            method, "/v3" + path, headers: headers, body: body.map { JSONSerializer.bytes($0) },
            fresh: true)
        guard 200..<300 ~= response.status else {
            throw Answer(
                status: response.status, description: "\(method) \(path): \(response.text)")
        }
        let json = response.body.isEmpty ? .null : try JSONParser.parse(response.body)
        let name = HTTPField.Name("X-Subject-Token")
        return (json, name.flatMap { response.headers[$0] } ?? "")
    }

    @discardableResult
    func asAdmin(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil,
        subject: String? = nil
    ) async throws -> JSONValue {
        try await Self.send(client, method, path, body, token: admin, subject: subject).body
    }

    static func password(_ user: String, _ password: String, _ scope: JSONValue?) -> JSONValue {
        var auth: JSONObject = JSONObject()
        auth["identity"] = [
            "methods": ["password"],
            "password": [
                "user": [
                    "name": .string(user), "domain": ["id": "default"],
                    "password": .string(password),
                ]
            ],
        ]
        auth["scope"] = scope
        return ["auth": .object(auth)]
    }

    /// Creates a user with the password `secret` and returns its id.
    func user(_ name: String) async throws -> String {
        let body: JSONValue = [
            "user": ["name": .string(name + suffix), "domain_id": "default", "password": "secret"]
        ]
        return try await asAdmin(.post, "/users", body)["user"]?["id"]?.stringValue ?? ""
    }

    func project(_ name: String, domain: String = "default") async throws -> String {
        let body: JSONValue = [
            "project": ["name": .string(name + suffix), "domain_id": .string(domain)]
        ]
        return try await asAdmin(.post, "/projects", body)["project"]?["id"]?.stringValue ?? ""
    }

    func grant(_ role: String, to user: String, project: String) async throws {
        try await asAdmin(.put, "/projects/\(project)/users/\(user)/roles/\(roles[role] ?? "")")
    }

    func grant(_ role: String, to user: String, domain: String) async throws {
        try await asAdmin(.put, "/domains/\(domain)/users/\(user)/roles/\(roles[role] ?? "")")
    }

    /// Returns a token of a user, for a project or any other scope.
    func token(
        _ user: String, password: String = "secret", project: String? = nil, scope: JSONValue? = nil
    ) async throws -> String {
        let scope: JSONValue =
            scope ?? project.map { ["project": ["id": .string($0)]] } ?? "unscoped"
        let body = Self.password(user + suffix, password, scope)
        return try await Self.send(client, .post, "/auth/tokens?nocatalog", body).subject
    }

    /// Creates an application credential of the token's user and returns its id. Its secret is `app-secret`.
    func applicationCredential(
        _ token: String, user: String, name: String = "app"
    ) async throws -> String {
        let body: JSONValue = [
            "application_credential": ["name": .string(name + suffix), "secret": "app-secret"]
        ]
        return try await Self.send(
            client, .post, "/users/\(user)/application_credentials", body, token: token
        ).body["application_credential"]?["id"]?.stringValue ?? ""
    }

    func token(applicationCredential id: String) async throws -> String {
        let body: JSONValue = [
            "auth": [
                "identity": [
                    "methods": ["application_credential"],
                    "application_credential": ["id": .string(id), "secret": "app-secret"],
                ]
            ]
        ]
        return try await Self.send(client, .post, "/auth/tokens?nocatalog", body).subject
    }

    func revoke(_ token: String) async throws {
        try await asAdmin(.delete, "/auth/tokens", subject: token)
    }

    /// Creates the user of this server and returns the members of its credential file.
    func serviceUser(role: String = "service") async throws -> (
        id: String, project: String, JSONValue
    ) {
        let (user, project) = (try await user("policy-server"), try await project("service"))
        try await grant(role, to: user, project: project)
        return (
            user, project,
            [
                "username": .string("policy-server" + suffix), "user_domain_id": "default",
                "password": "secret", "project_id": .string(project),
            ]
        )
    }
}

/// An authenticator with the credential of a service user, which is in a file.
struct KeystoneFixture: Sendable {
    let cloud: KeystoneCloud
    /// The user of the server, and its project.
    let service: (id: String, project: String)
    let authenticator: KeystoneAuthenticator
    let clock = TestClock(SystemClock.now().microseconds / 1_000_000)
    private let client: KeystoneClient
    private let path: String

    /// Runs `body` with an authenticator. `rules` gets the cloud and returns the rules of its projects.
    static func with(
        _ keystone: KeystoneProcess? = nil, cacheSeconds: Int = 60, role: String = "service",
        _ rules: (KeystoneCloud) async throws -> [KeystoneRules.Rule] = { _ in [] },
        _ body: (KeystoneFixture) async throws -> Void
    ) async throws {
        let shared = try await keystone == nil ? KeystoneProcess.shared.value : nil
        let cloud = try await KeystoneCloud(try #require(keystone ?? shared))
        let (user, project, credential) = try await cloud.serviceUser(role: role)
        let fixture = try KeystoneFixture(
            cloud, service: (user, project), rules: try await rules(cloud),
            cacheSeconds: cacheSeconds)
        try fixture.write(credential)
        do {
            try await body(fixture)
        } catch {
            Issue.record(error)
        }
        await fixture.client.close()
    }

    private init(
        _ cloud: KeystoneCloud, service: (id: String, project: String),
        rules: [KeystoneRules.Rule], cacheSeconds: Int
    ) throws {
        self.cloud = cloud
        self.service = service
        let path = cloud.keystone.directory.appendingPathComponent("credential-\(cloud.suffix)")
            .path
        self.path = path
        let url = try #require(ProviderURL(cloud.keystone.url))
        client = KeystoneClient(url: url, timeout: .seconds(60), logger: .silent, now: clock.now) {
            () throws(SettingError) in try KeystoneCredential.read(path)
        }
        authenticator = KeystoneAuthenticator(
            client: client, url: url, rules: { (KeystoneRules(rules), 1) },
            cacheSeconds: cacheSeconds,
            now: clock.now)
    }

    /// Replaces the credential's file in one step.
    func write(_ credential: JSONValue) throws {
        #expect(
            FileManager.default.createFile(
                atPath: path + ".new", contents: Data(JSONSerializer.bytes(credential)),
                attributes: [.posixPermissions: 0o600]))
        #expect(rename(path + ".new", path) == 0)
    }

    func identify(_ token: String) async throws -> (identity: Identity, wasKnown: Bool) {
        try await authenticator.identify([.authToken: token])
    }

    /// Returns the problem of a request with the token.
    func problem(_ token: String) async throws -> Problem {
        try await #require(throws: Problem.self) { try await identify(token) }
    }
}
