import Documents
import Domain
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

struct TokenAuthenticatorTests {
    @Test func `a token gives the principal, the grants and the id`() throws {
        let fixture = try TokenFixture()
        let grant = Grant(.editor, regions: .some(["east"]), kinds: ["Subnet"])
        let end = Timestamp(microseconds: TokenFixture.start.microseconds + 1_000_000)
        let token = try fixture.add("ci@example.org", [grant], expires: end)
        let result = try fixture.authenticator().authenticate(
            .authorized("Bearer \(token.secretText)"))
        let identity = try #require(result?.identity)
        #expect(identity.principal == "ci@example.org")
        #expect(identity.method == .token)
        #expect(identity.grants == [grant])
        #expect(identity.credential == token.id.description)
        #expect(identity.expires == end)
    }

    /// The forms of RFC 9110 section 11.4 and RFC 6750 section 2.1. `TOKEN` stands for a valid token.
    @Test(arguments: [
        "Bearer TOKEN", "bearer TOKEN", "BEARER TOKEN", "bEaReR TOKEN", "Bearer  TOKEN",
        "Bearer      TOKEN",
    ])
    func `a well-formed field is accepted`(_ field: String) throws {
        let fixture = try TokenFixture()
        let token = try fixture.add()
        let value = field.replacing("TOKEN", with: token.secretText)
        let result = try fixture.authenticator().authenticate(.authorized(value))
        #expect(result?.identity?.principal == "ci@example.org")
    }

    @Test(arguments: [
        "Bearer", "Bearer TOKEN TOKEN", "Bearer TOKEN,", "Bearer TOKEN, Bearer TOKEN",
        "Bearer \"TOKEN\"", "Bearer TOKEN;", "Bearer =TOKEN", "Bearer ps_=TOKEN", "Bearer =",
        "Bearer TOKEN=", "Bearer \tTOKEN", "Bearer token=TOKEN", "Bearer ps_", "Bearer ps_TOKEN",
        "Bearer TOKENx", "Bearer xTOKEN x", "Bearer <TOKEN>", "Bearer TOKEN%20",
        "Bearer ps_0123456789ab", "Bearer ps_0123456789ab_", "Bearer ps_0123456789AB_x",
        "Bearer ps_é", "Bearer \u{FF30}s_",
    ])
    func `a malformed field gets 401 without the token in its text`(_ field: String) throws {
        let fixture = try TokenFixture()
        let token = try fixture.add()
        let value = field.replacing("TOKEN", with: token.secretText)
        let problem = #expect(throws: Problem.self) {
            try fixture.authenticator().authenticate(.authorized(value))
        }
        #expect(problem?.status == .unauthorized)
        let challenge = problem?.headers[.wwwAuthenticate]
        #expect(challenge == #"Bearer realm="policy-server", error="invalid_token""#)
        #expect(problem?.detail?.contains(token.secretText.suffix(43)) == false)
    }

    @Test(arguments: [
        "", "Basic dXNlcjpwYXNz", "Token x", "Negotiate", "Bearer2 x", "Bear x", "Bearer\tx",
    ])
    func `another scheme is left to the next authenticator`(_ value: String) throws {
        let fixture = try TokenFixture()
        try fixture.add()
        #expect(try fixture.authenticator().authenticate(.authorized(value)) == nil)
        #expect(try fixture.authenticator().authenticate(Request()) == nil)
    }

    @Test func `a Bearer credential of another form is left to the next authenticator`() throws {
        let fixture = try TokenFixture()
        try fixture.add()
        let jwt = "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
        #expect(try fixture.authenticator().authenticate(.authorized(jwt)) == nil)
    }

    @Test func `several fields get 400, even with the same valid token`() throws {
        let fixture = try TokenFixture()
        let value = "Bearer \(try fixture.add().secretText)"
        for request in [Request.authorized(value, value), .authorized("Basic x", value)] {
            let problem = #expect(throws: Problem.self) {
                try fixture.authenticator().authenticate(request)
            }
            #expect(problem?.status == .badRequest)
        }
    }

    @Test func `a wrong secret, an unknown id and a swapped id get the same answer`() throws {
        let fixture = try TokenFixture()
        let (first, second) = (try fixture.add(), try fixture.add("other"))
        let authenticator = try fixture.authenticator()
        let swapped = "ps_\(first.id)_\(second.secretText.suffix(43))"
        var details: Set<String> = []
        for text in [
            BearerToken().secretText, swapped,
            "ps_\(first.id)_\(BearerToken().secretText.suffix(43))",
        ] {
            let problem = #expect(throws: Problem.self) {
                try authenticator.authenticate(.authorized("Bearer \(text)"))
            }
            #expect(problem?.status == .unauthorized)
            details.insert(problem?.detail ?? "")
        }
        #expect(details.count == 1)
    }

    @Test func `a token ends at its second`() throws {
        let fixture = try TokenFixture()
        let end = TokenFixture.start
        let request = Request.authorized("Bearer \(try fixture.add(expires: end).secretText)")
        let before = Timestamp(microseconds: end.microseconds - 1)
        #expect(try fixture.authenticator(at: before).authenticate(request) != nil)
        for now in [end, Timestamp(microseconds: end.microseconds + 1)] {
            let problem = #expect(throws: Problem.self) {
                try fixture.authenticator(at: now).authenticate(request)
            }
            #expect(problem?.detail?.contains("expired") == true)
        }
    }

    @Test func `the end of a token is known only to a client with its secret`() throws {
        let fixture = try TokenFixture()
        let token = try fixture.add(expires: TokenFixture.start)
        let guess = "ps_\(token.id)_\(BearerToken().secretText.suffix(43))"
        let problem = #expect(throws: Problem.self) {
            try fixture.authenticator().authenticate(.authorized("Bearer \(guess)"))
        }
        #expect(problem?.detail?.contains("expired") == false)
    }

    /// The medians differ by far more than a factor of two if one of the cases skips the hash.
    @Test func `an unknown id takes the time of a wrong secret`() throws {
        let fixture = try TokenFixture()
        let known = try fixture.add()
        let table = try fixture.reloadingFile().value
        let wrong = try #require(
            BearerToken("ps_\(known.id)_\(BearerToken().secretText.suffix(43))"[...]))
        let unknown = BearerToken()
        func median(_ token: BearerToken) -> Duration {
            let clock = ContinuousClock()
            let times = (0..<401).map { _ in
                clock.measure { for _ in 0..<20 { #expect(table.find(token) == nil) } }
            }
            return times.sorted()[200]
        }
        _ = median(wrong)
        let (first, second) = (median(wrong), median(unknown))
        #expect(first < second * 2 && second < first * 2, "\(first) and \(second)")
    }

    @Test func `no text of a token shows its secret`() throws {
        let token = BearerToken()
        let secret = token.secretText.suffix(43)
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] {
            #expect(!text.contains(secret))
        }
        let fixture = try TokenFixture()
        let stored = try fixture.add()
        #expect(try !fixture.text().contains(stored.secretText.suffix(43)))
    }

    @Test func `secrets are different and have 256 bits`() {
        let secrets = Set((0..<1_000).map { _ in String(BearerToken().secretText.suffix(43)) })
        #expect(secrets.count == 1_000)
        let letters = Set(secrets.joined())
        #expect(letters.count == 62)
    }
}
