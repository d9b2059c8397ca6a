import Etcd
import Logging
import Testing

@Suite struct ConfigurationTests {
    @Test(arguments: [
        ("http://127.0.0.1:2379", EtcdEndpoint(host: "127.0.0.1", port: 2379)),
        (
            "https://etcd.example:4001/",
            EtcdEndpoint(host: "etcd.example", port: 4001, usesTLS: true)
        ),
        ("HTTP://etcd-1", EtcdEndpoint(host: "etcd-1", port: 2379)),
        ("10.0.0.1:1", EtcdEndpoint(host: "10.0.0.1", port: 1)),
        ("http://[::1]:2379", EtcdEndpoint(host: "::1", port: 2379)),
        ("[2001:db8::1]", EtcdEndpoint(host: "2001:db8::1", port: 2379)),
    ])
    func endpointsAreRead(text: String, endpoint: EtcdEndpoint) throws {
        #expect(try EtcdEndpoint(parsing: text) == endpoint)
        #expect(try EtcdEndpoint(parsing: endpoint.description) == endpoint)
    }

    @Test(arguments: [
        "", "http://", "ftp://host", "http://host:0", "http://host:65536", "http://host:port",
        "http://host:", "http://user:geheim@host:2379", "http://[::1", "http://[::1]x",
        "http://host/path", "http://a b", "http://[nonsense]:1", "::1", "unix:///run/etcd",
    ])
    func otherEndpointsAreRefusedWithoutShowingAPassword(text: String) throws {
        let error = #expect(throws: EtcdError.self) { try EtcdEndpoint(parsing: text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("geheim") == false)
    }

    @Test(arguments: [
        (EtcdConfiguration(endpoints: [EtcdEndpoint]()), "endpoint"),
        (
            EtcdConfiguration(
                endpoints: [EtcdEndpoint(host: "a", usesTLS: true)],
                tls: .init(certificateFile: "/dev/null")), "given together"
        ),
        (
            EtcdConfiguration(
                endpoints: [EtcdEndpoint(host: "a")], tls: .init(caFile: "/dev/null")),
            "does not use https"
        ),
        (
            EtcdConfiguration(
                endpoints: [EtcdEndpoint(host: "a", usesTLS: true)],
                tls: .init(caFile: "/nowhere/ca.pem")), "/nowhere/ca.pem"
        ),
        (
            EtcdConfiguration(
                endpoints: [EtcdEndpoint(host: "a", usesTLS: true)],
                tls: .init(serverName: "10.0.0.1")), "server name"
        ),
        (
            EtcdConfiguration(endpoints: [EtcdEndpoint(host: "a")], requestTimeout: .zero),
            "timeout"
        ),
    ])
    func aBadConfigurationIsRefusedWithItsSetting(configuration: EtcdConfiguration, says: String)
        throws
    {
        let error = #expect(throws: EtcdError.self) {
            _ = try EtcdClient(configuration, logger: Logger(label: "test"))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(says) == true)
    }

    @Test func aFileThatIsNotACertificateIsRefused() throws {
        let configuration = EtcdConfiguration(
            endpoints: [EtcdEndpoint(host: "a", usesTLS: true)],
            tls: .init(certificateFile: "/dev/null", keyFile: "/dev/null"))
        let error = #expect(throws: EtcdError.self) {
            _ = try EtcdClient(configuration, logger: Logger(label: "test"))
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test func aPasswordIsNeverPrinted() throws {
        let configuration = try EtcdConfiguration(
            endpoints: ["http://a"], user: "root", password: "geheim")
        var dumped = ""
        dump(configuration.credentials, to: &dumped)
        #expect(!"\(configuration)".contains("geheim"))
        #expect(!String(reflecting: configuration).contains("geheim"))
        #expect(!dumped.contains("geheim"))
        #expect(throws: EtcdError.self) {
            try EtcdConfiguration(endpoints: ["http://a"], user: "root")
        }
    }
}
