import Domain
import PolicyServer
import Testing

struct AccessSettingsTests {
    private static func settings(_ flags: [Setting: [String]]) throws -> AccessSettings {
        try Settings(SettingValues(flags: flags, environment: [:])).access
    }

    @Test func `the methods are in the order of the setting`() throws {
        let settings = try Self.settings([
            .authenticate: ["unix,token", "certificate"], .tokenFile: ["t"], .grants: ["g"],
            .certificatePrincipal: ["uri"], .certificatePrefix: ["spiffe://x/"],
        ])
        #expect(settings.methods == [.unix, .token, .certificate])
        #expect(settings.certificate == CertificateRule(name: .uri, prefix: "spiffe://x/"))
        #expect(try Self.settings([:]).methods == [])
    }

    @Test(
        arguments: [
            ([.authenticate: ["password"]], "'password' is not one of"),
            ([.authenticate: ["asserted"]], "'asserted' is not one of"),
            ([.authenticate: [""]], "is not one of"),
            ([.authenticate: ["token,token"], .tokenFile: ["t"]], "names a method twice"),
            ([.authenticate: ["token"]], "token needs --token-file as well"),
            ([.authenticate: ["certificate"]], "certificate needs --grants as well"),
            ([.authenticate: ["unix"]], "unix needs --grants as well"),
            (
                [.tokenFile: ["t"]],
                "--token-file (command line): needs --authenticate token as well"
            ),
            (
                [.authenticate: ["token"], .tokenFile: ["t"], .grants: ["g"]],
                "--grants (command line): needs --authenticate certificate as well"
            ),
            (
                [.authenticate: ["unix"], .grants: ["g"], .certificatePrincipal: ["ou"]],
                "'ou' is not a name in a certificate"
            ),
        ] as [([Setting: [String]], String)])
    func `settings that would protect nothing are refused`(
        _ flags: [Setting: [String]], _ told: String
    ) throws {
        let error = #expect(throws: SettingError.self) { try Self.settings(flags) }
        #expect("\(try #require(error))".contains(told), "\(String(describing: error))")
    }
}
