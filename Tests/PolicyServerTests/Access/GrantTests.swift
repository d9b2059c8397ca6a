import Documents
import Domain
import HTTPCore
import PolicyServer
import TestSupport
import Testing

struct GrantTests {
    @Test(arguments: [
        ("viewer", Grant(.viewer)), ("editor@east", Grant(.editor, regions: .some(["east"]))),
        (
            "editor@west,east:Subnet",
            Grant(.editor, regions: .some(["east", "west"]), kinds: ["Subnet"])
        ),
        ("approver:Subnet,Region", Grant(.approver, kinds: ["Region", "Subnet"])),
    ])
    func `the command line's form and the document have the same meaning`(
        _ text: String, _ grant: Grant
    ) throws {
        #expect(try Grant(commandLine: text) == grant)
        #expect(try Grant(commandLine: grant.commandLine) == grant)
        #expect(try Grant(grant.document) == grant)
    }

    @Test(arguments: [
        "", "chief", "Editor", "editor@", "editor@East", "editor@east,", "editor:", "editor:Thing",
        "editor@none", "editor@east@west", "editor:Subnet@east",
    ])
    func `a malformed grant is refused`(_ text: String) {
        #expect(throws: GrantError.self) { try Grant(commandLine: text) }
    }

    @Test(arguments: [
        #"[]"#, #"{}"#, #"{"role":1}"#, #"{"role":"editor","regions":[]}"#,
        #"{"role":"editor","regions":"east"}"#, #"{"role":"editor","kinds":[]}"#,
        #"{"role":"editor","regions":null}"#, #"{"role":"editor","region":["east"]}"#,
    ])
    func `a malformed document is refused`(_ text: String) throws {
        let document = try JSONParser.parse(text)
        #expect(throws: GrantError.self) { try Grant(document) }
    }
}

struct GrantTableTests {
    private static func table(_ text: String) throws -> GrantTable {
        try GrantTable(Array(text.utf8))
    }

    private static let example = """
        - principal: alice@example.org
          grants: [{role: editor, regions: [east]}]
        - principal: "*@example.org"
          method: certificate
          grants: [{role: viewer}]
        - principal: alice@example.org
          method: jwt
          grants: [{role: admin}]
        - uid: 0
          principal: root
          grants: [{role: admin}]
        """

    @Test func `the grants of all entries that match count`() throws {
        let table = try Self.table(Self.example)
        let editor = Grant(.editor, regions: .some(["east"]))
        let alice = "alice@example.org"
        #expect(table.grants(of: alice, method: .certificate) == [editor, Grant(.viewer)])
        #expect(table.grants(of: alice, method: .jwt) == [editor, Grant(.admin)])
        #expect(table.grants(of: "bob@example.org", method: .certificate) == [Grant(.viewer)])
        for stranger in [
            "bob@example.com", "@example.org", "bob@evil-example.org", "*@example.org.",
        ] {
            #expect(table.grants(of: stranger, method: .certificate) == [])
        }
        #expect(table.grants(of: "root", method: .certificate) == [])
        #expect(table.user(0)?.principal == "root")
        #expect(table.user(1) == nil)
    }

    @Test func `JSON is read as well`() throws {
        let table = try Self.table(#"[{"principal":"a","grants":[{"role":"viewer"}]}]"#)
        #expect(table.grants(of: "a", method: .certificate) == [Grant(.viewer)])
    }

    @Test(arguments: [
        ("{}", "must be a list"), ("- 1", "entry 1: must be an object"),
        ("- principal: a", "entry 1: needs a list of grants"),
        ("- grants: [{role: viewer}]", "entry 1: needs a principal"),
        ("- {principal: a b, grants: [{role: viewer}]}", "the principal must be"),
        ("- {principal: '*', grants: [{role: viewer}]}", "a principal with a star"),
        ("- {principal: '*example.org', grants: [{role: viewer}]}", "a principal with a star"),
        ("- {principal: 'a*@x', grants: [{role: viewer}]}", "a principal with a star"),
        ("- {principal: '*@*.x', grants: [{role: viewer}]}", "a principal with a star"),
        ("- {principal: a, method: none, grants: [{role: viewer}]}", "method must be"),
        ("- {principal: a, uid: -1, grants: [{role: viewer}]}", "uid must be"),
        ("- {principal: a, uid: x, grants: [{role: viewer}]}", "uid must be"),
        ("- {principal: a, uid: 1, method: unix, grants: [{role: viewer}]}", "cannot be combined"),
        ("- {principal: a, user: 1, grants: [{role: viewer}]}", "unknown member 'user'"),
        ("- &a {principal: a, uid: 1, grants: [{role: viewer}]}\n- *a", "entry 2: has the uid"),
        ("- {principal: a, principal: b, grants: []}", "line 1"),
    ])
    func `a malformed file is refused with the entry`(_ text: String, _ told: String) throws {
        let error = #expect(throws: GrantError.self) { try Self.table(text) }
        #expect("\(try #require(error))".contains(told), "\(String(describing: error))")
    }

    @Test func `a file that others can change is refused, one that they can read is not`() throws {
        let fixture = try TokenFixture()
        try fixture.write(Self.example, mode: 0o644)
        #expect(try !GrantTable.bytes(fixture.path).isEmpty)
        for mode in [0o664, 0o646] {
            try fixture.write(Self.example, mode: mode)
            let error = #expect(throws: (any Error).self) { try GrantTable.bytes(fixture.path) }
            #expect("\(try #require(error))".contains("chmod go-w"))
        }
    }
}
