import ArgumentParser
import Calico
import ControlPlane
import Domain
import Etcd
import Foundation
import HTTPCore
import Logging
import PolicyServer
import TestSupport
import Testing

struct SettingsTests {
    @Test func `without settings the defaults apply`() throws {
        let settings = try Settings(SettingValues(flags: [:], environment: [:]))
        #expect(settings.listen.map(\.description) == ["127.0.0.1:8080"])
        #expect(settings.etcd.endpoints.map(\.description) == ["http://127.0.0.1:2379"])
        #expect(settings.ledgerPath == "policy-server-data/audit.sqlite")
        #expect(settings.policyNames == .auto)
        #expect(settings.writeDeadline == .seconds(10))
        #expect(settings.drainTimeout == .seconds(15))
        #expect(settings.maxBodyBytes == 1_048_576)
        #expect(settings.maxConnections == 4096)
        #expect(settings.maxBodyMemory == 256 << 20)
        #expect(settings.maxAnswerMemory == 256 << 20)
        #expect(settings.allowedHosts == [])
        #expect(settings.allowedOrigins == [])
        #expect(settings.logLevel == .info)
    }

    @Test func `the two-person rule names kinds or all of them`() throws {
        func rule(_ kinds: [String], expiry: String = "7d") throws -> TwoPersonRule {
            try Settings(
                SettingValues(
                    flags: [
                        .twoPerson: kinds, .twoPersonExpiry: [expiry], .authenticate: ["token"],
                        .tokenFile: ["/tokens"],
                    ], environment: [:])
            ).twoPersons
        }
        #expect(try rule([]).kinds.isEmpty)
        #expect(try rule(["Region", "Subnet"]).kinds == ["Region", "Subnet"])
        #expect(try rule(["all"]).kinds == Set(Grant.allKinds))
        #expect(try rule([], expiry: "12h").lifetimeSeconds == 12 * 3_600)
        for kinds in [["Tier"], ["region"]] {
            #expect(throws: SettingError.self) { try rule(kinds) }
        }
        for expiry in ["0", "53w", "7", ""] {
            #expect(throws: SettingError.self) { try rule([], expiry: expiry) }
        }
    }

    @Test func `the two-person rule needs authentication`() throws {
        let error = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: [.twoPerson: ["all"]], environment: [:]))
        }
        #expect(error?.message.hasPrefix("--two-person (command line): needs") == true)
    }

    @Test func `flags win over the environment, the environment over the file`() async throws {
        let file = try SettingsFileFixture("data-dir: c\nwrite-deadline: 3\nmax-connections: 33\n")
        let values = SettingValues(
            flags: [.dataDir: ["a"]],
            environment: [
                "POLICY_SERVER_DATA_DIR": "b", "POLICY_SERVER_WRITE_DEADLINE": "2",
            ],
            file: (file.path, try await SettingsFile.provider(path: file.path)))
        let settings = try Settings(values)
        #expect(settings.dataDirectory == "a")
        #expect(settings.writeDeadline == .seconds(2))
        #expect(settings.maxConnections == 33)
        #expect(try values.texts(.dataDir).source == .flag)
        #expect(try values.texts(.writeDeadline).source == .environment)
        #expect(try values.texts(.maxConnections).source == .file(path: file.path))
        #expect(try values.texts(.logLevel).source == .default)
    }

    @Test(arguments: [
        "listen: [127.0.0.1:1, \"[::1]:2\"]\n", "listen:\n- 127.0.0.1:1\n- '[::1]:2'\n",
    ])
    func `a list in the file is a YAML sequence`(_ text: String) async throws {
        let file = try SettingsFileFixture(text)
        let provider = try await SettingsFile.provider(path: file.path)
        let settings = try Settings(
            SettingValues(flags: [:], environment: [:], file: (file.path, provider)))
        #expect(settings.listen.map(\.description) == ["127.0.0.1:1", "[::1]:2"])
    }

    @Test func `a list in one text is separated by commas, wherever it is`() async throws {
        let file = try SettingsFileFixture("etcd: http://a:1,http://b:2\n")
        let provider = try await SettingsFile.provider(path: file.path)
        let sources = [
            SettingValues(flags: [.etcd: ["http://a:1,http://b:2"]], environment: [:]),
            SettingValues(flags: [.etcd: ["http://a:1, http://b:2"]], environment: [:]),
            SettingValues(flags: [:], environment: [:], file: (file.path, provider)),
        ]
        for values in sources {
            let endpoints = try Settings(values).etcd.endpoints
            #expect(endpoints.map(\.description) == ["http://a:1", "http://b:2"])
        }
        #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: [.etcd: ["http://a:1,"]], environment: [:]))
        }
    }

    @Test func `a list in the environment is separated by commas`() throws {
        let values = SettingValues(
            flags: [:], environment: ["POLICY_SERVER_ETCD": "http://a:1, http://b:2"])
        let endpoints = try Settings(values).etcd.endpoints
        #expect(endpoints.map(\.description) == ["http://a:1", "http://b:2"])
    }

    @Test(arguments: [
        (Setting.listen, "example.org:80"), (.listen, "127.0.0.1"), (.listen, "127.0.0.1:65536"),
        (.listen, "::1:80"), (.listen, ""), (.listen, "unix:relative"), (.listen, "unix:"),
        (.listen, "unix:/run/"), (.listen, "https://"), (.listen, "ftp://127.0.0.1:1"),
        (.listen, "https://127.0.0.1:1"), (.tlsClientCertificates, "some"), (.hstsMaxAge, "-1"),
        (.trustedProxy, "10.0.0.1"), (.trustedProxy, "10.0.0.1/24"), (.trustedProxy, "a"),
        (.etcd, "ftp://127.0.0.1:2379"),
        (.etcd, "http://user:secret@127.0.0.1:2379"), (.policyNames, "fancy"),
        (.writeDeadline, "0"), (.writeDeadline, "ten"), (.drainTimeout, "-1"),
        (.writeDeadline, "+10"), (.listen, "127.0.0.1:+80"), (.maxBodyMemory, "1048575"),
        (.maxAnswerMemory, "1x"), (.allowedHost, "a b"), (.allowedHost, "a:80"),
        (.allowedHost, ""), (.allowedOrigin, "console.example.org"), (.allowedOrigin, "null"),
        (.allowedOrigin, "https://a/"), (.allowedOrigin, "ftp://a"), (.allowedOrigin, "*"),
        (.maxBodyBytes, "1023"), (.maxConnections, "0"), (.logLevel, "loud"), (.dataDir, ""),
    ])
    func `a bad value is refused with its setting, source and an example`(
        _ setting: Setting, _ text: String
    ) throws {
        let byFlag = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: [setting: [text]], environment: [:]))
        }
        let message = try #require(byFlag?.message)
        #expect(message.hasPrefix("\(setting.flag) (command line): "))
        #expect(message.hasSuffix("; for example \(setting.example)"))
        #expect(!message.contains("secret"))
        let byVariable = #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: [:], environment: [setting.variable: text]))
        }
        #expect(byVariable?.message.hasPrefix("\(setting.variable) (environment): ") == true)
    }

    @Test(arguments: ["POLICY_SERVER_AUDIT_REDS", "POLICY_SERVER_", "POLICY_SERVER_ETCD_USERS"])
    func `an unknown variable is refused by name`(_ name: String) async throws {
        let (flags, places) = (try SettingFlags.parse([]), try LocationFlags.parse([]))
        let error = await #expect(throws: SettingError.self) {
            try await Settings.load(flags, places, environment: [name: "maybe"])
        }
        #expect(error?.message.hasPrefix("\(name) (environment): ") == true)
        // Kubernetes sets these for Services named policy-server and policy-server-etcd.
        let others = [
            "POLICY_SERVER_SERVICE_HOST": "10.0.0.1", "POLICY_SERVER_PORT": "tcp://10.0.0.1:80",
            "POLICY_SERVER_PORT_80_TCP": "x", "POLICY_SERVER_SERVICE_PORT_HTTP": "80",
            "POLICY_SERVER_ETCD_SERVICE_PORT": "1", "POLICY_SERVER_ETCD_PORT": "tcp://10.0.0.2:1",
            "POLICY_SERVER_ETCD_PORT_1_TCP_ADDR": "10.0.0.2",
        ]
        _ = try await Settings.load(
            flags, places, environment: others.merging(["POLICY": "x"]) { $1 })
    }

    @Test func `hosts and origins are stored in the form that requests use`() throws {
        let settings = try Settings(
            SettingValues(
                flags: [
                    .allowedHost: ["Policy.Example.ORG.", "[2001:DB8:0::1]", "192.0.2.1"],
                    .allowedOrigin: [
                        "HTTPS://Console.example.org:443", "http://[2001:DB8:0::1]:80",
                        "https://a:8443",
                    ],
                ], environment: [:]))
        #expect(settings.allowedHosts == ["policy.example.org", "2001:db8::1", "192.0.2.1"])
        #expect(
            settings.allowedOrigins
                == ["https://console.example.org", "http://[2001:db8::1]", "https://a:8443"])
    }

    @Test func `a memory limit too small for the largest body is refused`() throws {
        let error = #expect(throws: SettingError.self) {
            try Settings(
                SettingValues(flags: [.maxBodyBytes: ["16777216"]], environment: [:]))
        }
        #expect(error?.message.hasPrefix("max-body-memory (default): ") == true)
        #expect(error?.message.contains("479349036") == true)
        let settings = try Settings(
            SettingValues(
                flags: [.maxBodyBytes: ["16777216"], .maxBodyMemory: ["479349036"]],
                environment: [:]))
        #expect(settings.maxBodyMemory == 479_349_036)
    }

    @Test(arguments: ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80", "[::ffff:127.0.0.1]:80"])
    func `without authentication only loopback is served`(_ address: String) throws {
        let error = #expect(throws: SettingError.self) {
            try Settings(
                SettingValues(flags: [.listen: ["127.0.0.1:1", address]], environment: [:]))
        }
        #expect(error?.message.contains("without --authenticate") == true)
    }

    @Test(arguments: [
        "127.0.0.1:0", "127.9.9.9:80", "[::1]:80", "localhost:80", "unix:/run/policy-server.sock",
    ])
    func `loopback addresses and Unix domain sockets are served`(_ address: String) throws {
        #expect(throws: Never.self) {
            try Settings(SettingValues(flags: [.listen: [address]], environment: [:]))
        }
    }

    @Test func `an address without a scheme uses TLS if there is a certificate`() throws {
        let addresses = ["127.0.0.1:1", "http://[::1]:2", "https://localhost:3", "unix:/run/a"]
        let settings = try Settings(
            SettingValues(
                flags: [
                    .listen: addresses, .tlsCertificate: ["c"], .tlsKey: ["k"],
                    .tlsClientCA: ["ca"], .tlsClientCertificates: ["optional"],
                    .trustedProxy: ["10.0.0.0/8", "unix", "::1/128"],
                ], environment: [:]))
        #expect(
            settings.listen.map(\.url)
                == ["https://127.0.0.1:1", "http://[::1]:2", "https://127.0.0.1:3", "unix:/run/a"])
        #expect(settings.tls?.files.clientCertificates == .optional)
        #expect(settings.proxies.includesUnixSockets)
        #expect(settings.proxies.networks.map(\.description) == ["10.0.0.0/8", "::1/128"])
    }

    @Test(
        arguments: [
            ("0.0.0.0:1", false, false, "without --authenticate"),
            ("0.0.0.0:1", true, false, "without --authenticate"),
            ("0.0.0.0:1", false, true, "needs TLS"),
            ("http://0.0.0.0:1", true, true, "needs TLS"),
            ("https://0.0.0.0:1", true, true, nil), ("[::]:1", true, true, nil),
            ("http://127.0.0.1:1", true, false, nil), ("unix:/run/a", false, false, nil),
        ] as [(String, Bool, Bool, String?)])
    func `an address that others can reach needs TLS and authentication`(
        _ text: String, hasCertificate: Bool, isAuthenticated: Bool, problem: String?
    ) throws {
        let address = try #require(
            ListenAddress(setting: text, hasCertificate: hasCertificate))
        do {
            try ListenRule.check([address], isAuthenticated: isAuthenticated, source: .flag)
            #expect(problem == nil)
        } catch {
            #expect(problem.map(error.message.contains) == true, "\(error)")
        }
    }

    @Test(arguments: [
        [.tlsCertificate: ["c"]], [.tlsKey: ["k"]],
        [.tlsCertificate: ["c"], .tlsKey: ["k"], .tlsClientCertificates: ["required"]],
        [.tlsCertificate: ["c"], .tlsKey: ["k"], .tlsClientCA: ["ca"]],
        [.tlsClientCRL: ["crl"]], [.tlsClientCertificates: ["optional"]],
        [Setting.etcdUser: ["u"]], [.etcdPasswordFile: ["f"]], [.etcdCert: ["c"]],
        [.etcdKey: ["k"]], [.etcdCA: ["ca"]],
        [.etcd: ["http://a:1", "https://b:1"]],
    ])
    func `settings that need each other are refused alone`(_ flags: [Setting: [String]]) {
        #expect(throws: SettingError.self) {
            try Settings(SettingValues(flags: flags, environment: [:]))
        }
    }
}
