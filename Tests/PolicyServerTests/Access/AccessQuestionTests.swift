import Documents
import Domain
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

struct AccessQuestionTests {
    private static let alice = Identity(
        "alice", method: .token,
        grants: [
            Grant(.editor, regions: .some(["east"])), Grant(.viewer, regions: .some(["west"])),
            Grant(.editor, regions: .some(["north"]), kinds: ["Subnet"]),
        ])

    private static func ask(_ body: String) throws -> AccessAnswer {
        let question = AccessQuestion(try JSONParser.parse(Array(body.utf8)))
        return AccessAnswer(try #require(question.subject), for: alice)
    }

    @Test(
        arguments: [
            (#"{"permission":"write-objects"}"#, true, []),
            (#"{"permission":"manage-audit"}"#, false, []),
            (#"{"permission":"write-objects","regions":["east"]}"#, true, []),
            (
                #"{"permission":"write-objects","regions":["west","east","none"]}"#, false,
                ["none", "west"]
            ),
            (#"{"permission":"read-objects","regions":["east","west"]}"#, true, []),
            (#"{"permission":"read-objects","regions":["*"]}"#, false, ["*"]),
            (#"{"permission":"write-objects","regions":["north"]}"#, false, ["north"]),
            (#"{"permission":"write-objects","kind":"Subnet","regions":["north"]}"#, true, []),
            (
                #"{"permission":"write-objects","kind":"Region","regions":["north"]}"#, false,
                ["north"]
            ),
            (#"{"method":"GET","path":"/v1/regions/west?at=1"}"#, true, []),
            (#"{"method":"HEAD","path":"/v1/regions/west"}"#, true, []),
            (#"{"method":"PUT","path":"/v1/regions/west"}"#, false, ["west"]),
            (#"{"method":"PUT","path":"/v1/regions/we%73t"}"#, false, ["west"]),
            (#"{"method":"DELETE","path":"/v1/regions/north/subnets/x"}"#, true, []),
            (#"{"method":"DELETE","path":"/v1/regions/north/policies/x"}"#, false, ["north"]),
            (#"{"method":"PUT","path":"/v1/policies/x"}"#, true, []),
            (#"{"method":"GET","path":"/v1/audit/stream"}"#, false, []),
            (#"{"method":"GET","path":"/healthz"}"#, true, []),
            (#"{"method":"GET","path":"/"}"#, true, []),
            (#"{"method":"GET","path":"/v2"}"#, false, []),
        ] as [(String, Bool, [String])])
    func `an answer says what is allowed and where it is not`(
        body: String, allowed: Bool, missing: [String]
    ) throws {
        let answer = try Self.ask(body)
        #expect(answer.isAllowed == allowed, "\(body): \(answer.reason)")
        #expect(answer.missing == missing, "\(body)")
    }

    @Test func `a document gives its kind and regions`() throws {
        func ask(_ document: String) throws -> AccessAnswer {
            try Self.ask(#"{"permission":"write-objects","document":\#(document)}"#)
        }
        #expect(try ask(#"{"kind":"Region","name":"east"}"#).isAllowed)
        #expect(
            try ask(#"{"kind":"Subnet","region":"west","name":"x","cidr":"10.1.0.0/24"}"#).missing
                == ["west"])
        let policy =
            #"{"kind":"CrossRegionPolicy","metadata":{"name":"p"},"spec":{"order":1,"allow":[{"from":{"region":"west"},"to":{"region":"east"}}]}}"#
        #expect(try ask(policy).missing == ["west"])
        let global =
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"p"},"spec":{"order":1,"selector":"has(x)"}}"#
        #expect(try ask(global).missing == ["*"])
    }

    @Test(arguments: [
        ("[]", [""]), ("{}", ["/permission"]), (#"{"permission":"rule"}"#, ["/permission"]),
        (#"{"permission":1}"#, ["/permission"]), (#"{"method":"GET"}"#, ["/path"]),
        (#"{"permission":"approve","method":"GET","path":"/"}"#, ["/permission"]),
        (#"{"permission":"approve","regions":"east"}"#, ["/regions"]),
        (#"{"permission":"approve","regions":[1]}"#, ["/regions/0"]),
        (#"{"permission":"approve","extra":1}"#, ["/extra"]),
        (
            #"{"permission":"approve","kind":"Region","document":{"kind":"Region","name":"a"}}"#,
            ["/kind"]
        ),
        (#"{"permission":"approve","document":{"kind":"Region"}}"#, ["/document/name"]),
        (#"{"permission":"approve","document":{"kind":"Pod"}}"#, ["/document/kind"]),
        (#"{"permission":"approve","document":[]}"#, ["/document"]),
    ])
    func `a question that cannot be read has a violation`(body: String, pointers: [String]) throws {
        let question = AccessQuestion(try JSONParser.parse(Array(body.utf8)))
        #expect(question.subject == nil)
        #expect(question.violations.map(\.pointer) == pointers)
    }
}

extension EndToEndTests {
    struct AccessCheckTests {
        @Test func `the server answers about the caller, and a mistake is no audited write`()
            async throws
        {
            var callers = Callers()
            let editor = callers.add("editor", Grant(.editor, regions: .some(["east"])))
            let auditor = callers.add("auditor", Grant(.auditor))
            try await TestApplication.with(access: callers.access) { server in
                let path = "/v1/access:check"
                let answer = try await server.send(
                    .post, path, #"{"permission":"write-objects","regions":["west"]}"#, [editor])
                #expect(answer.status == 200)
                #expect(answer.json["allowed"] == false && answer.json["missing"] == ["west"])
                let own = try await server.send(
                    .post, path, #"{"method":"PUT","path":"/v1/regions/east"}"#, [editor])
                #expect(own.json["allowed"] == true)
                let wrong = try await server.send(.post, path, #"{"permission":"x"}"#, [editor])
                #expect(wrong.status == 422 && wrong.rules == ["access.permission"])
                #expect(try await server.send(.post, path, "{", [editor]).status == 400)
                let rows = try await server.send(.get, "/v1/audit?kind=Request", [auditor])
                #expect(rows.items == [])
            }
        }
    }
}
