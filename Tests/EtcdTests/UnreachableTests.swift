import Etcd
import TestSupport
import Testing

/// Tests of the errors about an etcd that cannot be reached. They name the endpoint and the problem.
@Suite struct UnreachableTests {
    /// - Returns: The message of a call's error after its deadline. It must equal `trouble`.
    private static func trouble(
        _ endpoint: String, _ tls: EtcdConfiguration.TLS = EtcdConfiguration.TLS(),
        timeout: Duration = .seconds(8)
    ) async throws -> String {
        let configuration = try EtcdConfiguration(
            endpoints: [endpoint], tls: tls, requestTimeout: timeout)
        return try await withClient(configuration) { client in
            #expect(client.trouble == nil)
            let error = try #require(await etcdError { _ = try await client.get("k") })
            let text = "\(error)"
            #expect(client.trouble == error.message, "\(text)")
            #expect(error.message.hasPrefix(endpoint + ": "), "\(text)")
            for word in ["Channel", "transient", "NIO", "SSL routines", "RPC", "preface"] {
                #expect(!text.contains(word), "\(text)")
            }
            return text
        }
    }

    @Test func namesARefusedConnection() async throws {
        let text = try await Self.trouble("http://127.0.0.1:1")
        #expect(text == "etcd cannot be reached: http://127.0.0.1:1: connection refused")
    }

    @Test func namesASilentAddress() async throws {
        let silent = try SilentListener()
        let text = try await Self.trouble(
            "http://127.0.0.1:\(silent.port)", timeout: .seconds(1))
        #expect(text.contains("timed out without an answer"), "\(text)")
    }

    @Test func namesAnUnknownHost() async throws {
        let text = try await Self.trouble("http://no-such-host.invalid:2379")
        #expect(text.contains("its name is not found"), "\(text)")
    }

    @Test func suggestsHTTPWhenEtcdDoesNotSpeakTLS() async throws {
        try await withEtcd { etcd in
            let text = try await Self.trouble(etcd.clientURL.replacing("http://", with: "https://"))
            #expect(
                text.contains("write http:// instead of https://")
                    || text.contains("connection reset"),
                "\(text)")
        }
    }

    @Test(arguments: [
        ("IP:127.0.0.1", 2, true, true, "its certificate is not trusted"),
        ("IP:127.0.0.1", -1, false, true, "its certificate has expired (20"),
        (
            "DNS:etcd.example", 2, false, true,
            "its certificate does not contain this endpoint's name"
        ),
        ("IP:127.0.0.1", 2, false, false, "it requires a client certificate"),
    ])
    func namesTheProblemOfACertificate(
        names: String, days: Int, isForeign: Bool, hasOwn: Bool, expected: String
    ) async throws {
        try await withEtcdCertificates(serverNames: names, serverDays: days) { certificates in
            try await withEtcdCertificates { others in
                let options = EtcdProcess.Options(certificates: certificates)
                try await withEtcd(options) { etcd in
                    let tls = EtcdConfiguration.TLS(
                        caFile: isForeign ? others.ca : certificates.ca,
                        certificateFile: hasOwn ? certificates.clientCertificate : nil,
                        keyFile: hasOwn ? certificates.clientKey : nil)
                    let text = try await Self.trouble(etcd.clientURL, tls)
                    #expect(text.contains(expected), "\(text)")
                }
            }
        }
    }

    @Test func suggestsHTTPSWhenEtcdWantsTLS() async throws {
        try await withEtcdCertificates { certificates in
            try await withEtcd(EtcdProcess.Options(certificates: certificates)) { etcd in
                let text = try await Self.trouble(
                    etcd.clientURL.replacing("https://", with: "http://"))
                #expect(text.contains("write https:// instead of http://"), "\(text)")
            }
        }
    }

    @Test func anAnswerClearsTheFailures() async throws {
        try await withEtcd { etcd in
            let configuration = try EtcdConfiguration(
                endpoints: ["http://127.0.0.1:1", etcd.clientURL], requestTimeout: .seconds(10))
            try await withClient(configuration) { client in
                _ = try await client.get("k")
                #expect(client.trouble == nil)
                try await etcd.kill9()
                _ = await etcdError { _ = try await client.get("k") }
                let trouble = try #require(client.trouble)
                #expect(trouble.contains("http://127.0.0.1:1: connection refused"), "\(trouble)")
                #expect(trouble.contains(etcd.clientURL), "\(trouble)")
                try await etcd.start()
                try await eventually("an answer") {
                    await etcdError { _ = try await client.get("k") } == nil
                }
                #expect(client.trouble == nil)
            }
        }
    }
}
