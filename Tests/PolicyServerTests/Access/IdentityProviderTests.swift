import Documents
import Domain
import Foundation
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

/// Tests of the settings of identity providers, and of the whole server with them.
@Suite(.timeLimit(.minutes(3)))
struct IdentityProviderTests {
    private static let rules = """
        rules:
        - value: net-east
          grants: [{role: editor, regions: [xyz-east]}]
        """

    private static func write(_ text: String, _ name: String, _ directory: TemporaryDirectory)
        -> String
    {
        let path = directory.file(name)
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
        return path
    }

    private static func jwtFlags(_ directory: TemporaryDirectory) async throws -> [Setting:
        [String]]
    {
        let keys = JSONSerializer.bytes(try await TokenIssuer.trusted.value.keySet())
        return [
            .authenticate: ["jwt"], .jwtIssuer: [TokenIssuer.issuer],
            .jwtAudience: ["policy-server"],
            .jwtKeys: [write(String(decoding: keys, as: UTF8.self), "jwks.json", directory)],
            .jwtRules: [write(rules, "jwt-rules.yaml", directory)],
        ]
    }

    @Test func `both providers authenticate at one server`() async throws {
        let keystone = try await KeystoneProcess.shared.value
        let cloud = try await KeystoneCloud(keystone)
        let (user, project, credential) = try await cloud.serviceUser()
        try await cloud.grant("member", to: user, project: project)
        let directory = try TemporaryDirectory()
        var flags = try await Self.jwtFlags(directory)
        flags[.authenticate] = ["jwt", "keystone"]
        flags[.keystoneURL] = [keystone.url + "/v3"]
        let secret = String(decoding: JSONSerializer.bytes(credential), as: UTF8.self)
        flags[.keystoneCredential] = [Self.write(secret, "keystone.json", directory)]
        flags[.keystoneRules] = [
            Self.write(
                """
                rules:
                - project-id: \(project)
                  roles: [member]
                  grants: [{role: auditor}]
                """, "keystone-rules.yaml", directory)
        ]
        let token = try await cloud.token("policy-server", project: project)
        let expires = Int64(Date().timeIntervalSince1970) + 600
        let jwt = try await TokenIssuer.trusted.value.token(claims: [
            "exp": .number(JSONNumber(expires)), "iat": nil,
        ])
        try await TestApplication.with(flags: flags, etcdURL: "http://127.0.0.1:1") { server in
            try await eventually("the keys are loaded") {
                try await server.send(.get, "/v1/whoami", [("Authorization", "Bearer \(jwt)")])
                    .status == 200
            }
            let bearer = try await server.send(
                .get, "/v1/whoami", [("Authorization", "Bearer \(jwt)")])
            #expect(bearer.json["principal"] == "alice@example.org")
            let member = try await server.send(.get, "/v1/whoami", [("X-Auth-Token", token)])
            #expect(member.status == 200)
            #expect(member.json["principal"]?.stringValue == "policy-server\(cloud.suffix)@Default")
            // An auditor may read metrics, and the editor of one region may not.
            #expect(
                try await server.send(.get, "/metrics", [("X-Auth-Token", token)]).status == 200)
            let refused = try await server.send(
                .get, "/metrics", [("Authorization", "Bearer \(jwt)")])
            #expect(refused.status == 403)
            let nobody = try await server.send(.get, "/v1/whoami", [])
            #expect(nobody.status == 401)
            #expect(
                nobody["WWW-Authenticate"]
                    == "Bearer realm=\"policy-server\", Keystone uri=\"\(keystone.url)\"")
            let wrong = try await server.send(
                .get, "/v1/whoami", [("X-Auth-Token", "gAAAAABwrong")])
            #expect(wrong.status == 401)
            #expect(!wrong.text.contains("gAAAAABwrong"))
        }
    }

    private static let changes: [(Setting, String?, String)] = [
        (.jwtIssuer, nil, "--jwt-issuer"), (.jwtAudience, nil, "--jwt-audience"),
        (.jwtKeys, nil, "--jwt-keys"),
        (.jwtRules, nil, "--jwt-rules"),
        (.jwtKeys, "jwks.json", "neither an absolute path nor an https URL"),
        (.jwtKeys, "http://login.example.org/", "neither an absolute path nor an https URL"),
        (.jwtRules, "/nowhere/rules.yaml", "/nowhere/rules.yaml"),
        (.jwtClockSkew, "301", "from 0 to 300"),
        (.jwtKeysRefresh, "9", "from 10 to"),
        (.jwtKeysMaxAge, "100", "is shorter than --jwt-keys-refresh"),
        (.jwtPrincipalClaim, "a b", "is not the name of a claim"),
        (.jwtCA, "/nowhere/ca.pem", "cannot read"),
        (.authenticate, "token", "--token-file"),
    ]

    @Test(arguments: changes) func `a wrong setting of tokens is refused`(
        _ setting: Setting, _ value: String?, _ problem: String
    ) async throws {
        let directory = try TemporaryDirectory()
        var flags = try await Self.jwtFlags(directory)
        _ = try Settings(SettingValues(flags: flags, environment: [:]))
        flags[setting] = value.map { [$0] }
        let error = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: flags, environment: [:]))
        }
        #expect(try #require(error).message.contains(problem), "\(error?.message ?? "")")
    }

    private static let keystoneChanges: [(Setting, String?, String)] = [
        (.keystoneURL, nil, "--keystone-url"),
        (.keystoneCredential, nil, "--keystone-credential-file"),
        (.keystoneRules, nil, "--keystone-rules"),
        (.keystoneURL, "http://10.0.0.1:5000", "is not an https URL"),
        (.keystoneCredential, "/nowhere/keystone.json", "/nowhere/keystone.json"),
        (.keystoneCache, "3601", "from 0 to 3600"), (.keystonePrincipal, "{user}", "must contain"),
    ]

    @Test(arguments: keystoneChanges) func `a wrong setting of Keystone is refused`(
        _ setting: Setting, _ value: String?, _ problem: String
    ) throws {
        let directory = try TemporaryDirectory()
        var flags: [Setting: [String]] = [
            .authenticate: ["keystone"], .keystoneURL: ["https://keystone.example.org:5000/v3/"],
            .keystoneRules: [Self.write("rules: []", "rules.yaml", directory)],
        ]
        flags[.keystoneCredential] = [
            Self.write(
                #"{"application_credential_id": "i", "application_credential_secret": "s"}"#,
                "keystone.json",
                directory)
        ]
        let settings = try Settings(SettingValues(flags: flags, environment: [:]))
        #expect(settings.access.keystone?.url.text == "https://keystone.example.org:5000")
        flags[setting] = value.map { [$0] }
        let error = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: flags, environment: [:]))
        }
        #expect(try #require(error).message.contains(problem), "\(error?.message ?? "")")
    }
}
