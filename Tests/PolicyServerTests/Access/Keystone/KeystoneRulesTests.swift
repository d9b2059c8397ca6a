import Documents
import Domain
import Foundation
import PolicyServer
import TestSupport
import Testing

/// Tests of the files and the names: no Keystone is needed.
struct KeystoneRulesTests {
    private static func file(_ text: String, mode: Int = 0o600) throws -> (
        TemporaryDirectory, String
    ) {
        let directory = try TemporaryDirectory()
        let path = directory.file("file")
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode]))
        return (directory, path)
    }

    private static func token(
        user: String = "alice", domain: String = "Default", _ changes: [String: JSONValue?] = [:]
    ) throws -> KeystoneToken {
        var changes = changes
        changes["user"] = [
            "id": "u1", "name": .string(user), "domain": ["id": "d1", "name": .string(domain)],
        ]
        return try KeystoneToken(KeystoneAnswerTests.token(changes))
    }

    @Test func `rules are read from YAML`() throws {
        let (directory, path) = try Self.file(
            """
            rules:
            - project: netops
              project-domain: Default
              roles: [member, admin]
              grants:
              - role: editor
                regions: [xyz-east]
                kinds: [Subnet]
            - system: all
              roles: [admin]
              grants: [{role: admin}]
            """, mode: 0o644)
        defer { withExtendedLifetime(directory) {} }
        let rules = try KeystoneRules.file(path, principal: .standard).value
        let project: JSONValue = [
            "id": "p1", "name": "netops", "domain": ["id": "default", "name": "Default"],
        ]
        let identity = rules.identity(
            try Self.token(["project": project, "roles": [["name": "member"]]]))
        #expect(
            identity?.grants == [Grant(.editor, regions: .some(["xyz-east"]), kinds: ["Subnet"])])
        let system = try Self.token(["system": ["all": true], "roles": [["name": "admin"]]])
        #expect(rules.identity(system)?.grants == [Grant(.admin)])
        let reader = try Self.token(["project": project, "roles": [["name": "reader"]]])
        #expect(rules.identity(reader)?.grants == [])
    }

    @Test(arguments: [
        ("", "the document is empty"), ("[]", "must be an object"),
        ("rules: []\nmore: 1", "must be an object"),
        ("rules: [1]", "/rules/0 is not an object"),
        ("rules: [{roles: [a], grants: []}]", "needs exactly one of project"),
        (
            "rules: [{system: all, domain: d, roles: [a], grants: []}]",
            "needs exactly one of project"
        ),
        ("rules: [{project: p, roles: [a], grants: []}]", "/project needs project-domain"),
        (
            "rules: [{project-domain: p, system: all, roles: [a], grants: []}]",
            "/project-domain needs project"
        ),
        ("rules: [{system: some, roles: [a], grants: []}]", "/system must be all"),
        ("rules: [{system: all, grants: []}]", "/roles is missing"),
        ("rules: [{system: all, roles: [], grants: []}]", "/roles is missing"),
        ("rules: [{system: all, roles: admin, grants: []}]", "/roles is not a list"),
        ("rules: [{system: all, roles: [a]}]", "/grants is not a list"),
        (
            "rules: [{system: all, roles: [a], grants: [{role: root}]}]",
            "/grants/0: 'root' is not a role"
        ),
        (
            "rules: [{system: all, roles: [a], grants: [{role: admin, region: [a]}]}]",
            "/grants/0: a grant has no member"
        ),
        (
            "rules: [{system: all, roles: [a], grants: [{role: admin, regions: all}]}]",
            "/grants/0: regions"
        ),
        (
            "rules: [{system: all, roles: [a], grants: [{role: admin, regions: [A]}]}]",
            "/grants/0: 'A'"
        ),
        (
            "rules: [{system: all, roles: [a], grants: [{role: admin, kinds: [Pod]}]}]",
            "/grants/0: "
        ),
        ("rules: [{system: all, role: [a], grants: []}]", "/role is not known"),
        ("rules: [{system: all, system: all}]", "system"),
    ])
    func `a wrong file of rules is refused with the place`(_ text: String, _ problem: String) throws
    {
        let (directory, path) = try Self.file(text)
        defer { withExtendedLifetime(directory) {} }
        let error = #expect(throws: SettingError.self) {
            _ = try KeystoneRules.file(path, principal: .standard)
        }
        #expect(try #require(error).message.contains(problem), "\(error?.message ?? "")")
        #expect(error?.message.hasPrefix("--keystone-rules: ") == true)
    }

    @Test func `rules that others can change are refused`() throws {
        let (directory, path) = try Self.file("rules: []", mode: 0o664)
        defer { withExtendedLifetime(directory) {} }
        #expect(throws: SettingError.self) {
            _ = try KeystoneRules.file(path, principal: .standard)
        }
        #expect(throws: SettingError.self) { _ = try ClaimGrants.file(path) }
    }

    @Test(arguments: [
        ("{user}@{domain}", "alice", "Default", "alice@Default"),
        ("{user}@{domain}", "alice@example.org", "Default", "alice@example.org@Default"),
        // The last @ always divides, so two users never have the same principal.
        ("{user}@{domain}", "alice", "example.org@Default", "alice@example.org%40Default"),
        ("{user}@{domain}", "alice smith", "Zürich", "alice%20smith@Z%C3%BCrich"),
        ("{user}@{domain}", "a%20b", "D", "a%2520b@D"), ("{user_id}", "x", "y", "u1"),
        ("{domain}@{user}", "a@b", "c", "c@a@b"),
        ("ks:{user}@{domain_id}", "alice", "D", "ks:alice@d1"),
        ("{user}@{domain}", "a\u{0}\n", "D", "a%00%0A@D"),
    ])
    func `a principal has the form of the setting`(
        _ form: String, _ user: String, _ domain: String, _ principal: String
    ) throws {
        let rules = KeystoneRules([], principal: try #require(KeystonePrincipal(form)))
        let token = try Self.token(user: user, domain: domain)
        #expect(rules.identity(token)?.principal == principal)
    }

    @Test(arguments: [
        "", "{user}", "{domain}", "{user}{domain}", "{user}@", "{name}@{domain}", "{user}@{domain",
        "user}@{domain}",
        "{user}@{domain} ", "{user}@{user}@{domain}", "{user}/{domain}",
    ])
    func `a form that does not tell users apart is refused`(_ form: String) {
        #expect(KeystonePrincipal(form) == nil)
    }

    @Test func `a reserved name is no principal`() throws {
        let rules = KeystoneRules([])
        for (user, domain) in [
            ("anonymous", "10.0.0.1"), (String(repeating: "a", count: 121), "Default"),
        ] {
            let token = try Self.token(user: user, domain: domain)
            #expect(rules.identity(token) == nil)
        }
    }

    @Test(arguments: [
        #"{"username": "u", "user_domain_name": "D", "password": "p", "project_id": "x"}"#,
        #"{"user_id": "u", "password": "p", "project_name": "x", "project_domain_id": "d"}"#,
        #"{"user_id": "u", "password": "p", "system_scope": "all"}"#,
        #"{"application_credential_id": "i", "application_credential_secret": "s"}"#,
        #"{"application_credential_name": "n", "application_credential_secret": "s", "user_id": "u"}"#,
        "export OS_USERNAME=u\nexport OS_USER_DOMAIN_NAME='D'\nOS_PASSWORD=\"p\"\nexport OS_PROJECT_ID=x\n",
        "# comment\n\nexport OS_AUTH_URL=https://k:5000/v3\nexport OS_APPLICATION_CREDENTIAL_ID=i\n"
            + "export OS_APPLICATION_CREDENTIAL_SECRET='$p`\\'\nexport OS_AUTH_TYPE=v3applicationcredential",
    ])
    func `a credential is JSON or an openrc file`(_ text: String) throws {
        let (directory, path) = try Self.file(text)
        defer { withExtendedLifetime(directory) {} }
        _ = try KeystoneCredential.read(path)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"user_id": "u", "password": "hunter2"}"#,
        #"{"user_id": "u", "password": 1}"#,
        #"{"username": "u", "password": "hunter2", "project_id": "x"}"#,
        #"{"user_id": "u", "password": "hunter2", "password": "hunter2", "project_id": "x"}"#,
        #"{"user_id": "u", "passwd": "hunter2", "project_id": "x"}"#,
        "export OS_USER_ID=u\nexport OS_PASSWORD=\"$hunter2\"\nexport OS_PROJECT_ID=x",
        "export OS_USER_ID=u\nread -s OS_PASSWORD_INPUT\n", "export OS_USER_ID=u; rm hunter2",
        "export OS_USER_ID=u\nexport OS_PASSWORD='hunter2\nexport OS_PROJECT_ID=x",
        #"{"application_credential_secret": "hunter2"}"#,
    ])
    func `a wrong credential is refused without its secret`(_ text: String) throws {
        let (directory, path) = try Self.file(text)
        defer { withExtendedLifetime(directory) {} }
        let error = #expect(throws: SettingError.self) { try KeystoneCredential.read(path) }
        #expect(try #require(error).message.contains("hunter2") == false)
    }

    @Test func `a credential that others can read is refused`() throws {
        let (directory, path) = try Self.file(
            #"{"application_credential_id": "i", "application_credential_secret": "s"}"#,
            mode: 0o640)
        defer { withExtendedLifetime(directory) {} }
        #expect(throws: SettingError.self) { try KeystoneCredential.read(path) }
    }
}
