import Etcd
import TestSupport
import Testing

@Suite struct TLSTests {
    @Test(arguments: ["127.0.0.1", "localhost"])
    func aClientCertificateIsAccepted(host: String) async throws {
        try await withServer { etcd, certificates in
            let endpoint = etcd.clientURL.replacing("127.0.0.1", with: host)
            let configuration = try EtcdConfiguration(
                endpoints: [endpoint], tls: certificates.clientTLS)
            try await withClient(configuration) { client in
                let revision = try await client.put("k", "v".bytes).revision
                #expect(try await client.history(from: revision, through: revision).count == 1)
            }
        }
    }

    @Test func theServerNameReplacesTheHostOfTheEndpoint() async throws {
        try await withServer(names: "DNS:etcd.example") { etcd, certificates in
            var tls = certificates.clientTLS
            tls.serverName = "etcd.example"
            let trusted = try await Self.put(etcd, tls, timeout: .seconds(5))
            #expect(trusted == nil)
            tls.serverName = "other.example"
            let error = try await Self.put(etcd, tls)
            #expect(error?.code == .unavailable)
            #expect(error?.outcome == .notApplied)
        }
    }

    @Test func withoutAClientCertificateThereIsNoConnection() async throws {
        try await withServer { etcd, certificates in
            var tls = certificates.clientTLS
            tls.certificateFile = nil
            tls.keyFile = nil
            let error = try await Self.put(etcd, tls)
            #expect(error?.code == .unavailable)
        }
    }

    @Test func aServerOfAnotherAuthorityIsNotTrusted() async throws {
        try await withServer { etcd, certificates in
            var tls = certificates.clientTLS
            tls.caFile = nil
            let error = try await Self.put(etcd, tls)
            #expect(error?.code == .unavailable)
            #expect(error?.outcome == .notApplied)
        }
    }

    private static func put(
        _ etcd: EtcdProcess, _ tls: EtcdConfiguration.TLS, timeout: Duration = .seconds(1)
    ) async throws -> EtcdError? {
        let configuration = try EtcdConfiguration(
            endpoints: [etcd.clientURL], tls: tls, requestTimeout: timeout)
        return try await withClient(configuration) { client in
            await etcdError { try await client.put("k", []) }
        }
    }

    private func withServer(
        names: String = "IP:127.0.0.1,DNS:localhost",
        _ body: @Sendable (EtcdProcess, EtcdCertificates) async throws -> Void
    ) async throws {
        try await withEtcdCertificates(serverNames: names) { certificates in
            try await withEtcd(EtcdProcess.Options(certificates: certificates)) { etcd in
                try await body(etcd, certificates)
            }
        }
    }
}

extension EtcdCertificates {
    fileprivate var clientTLS: EtcdConfiguration.TLS {
        EtcdConfiguration.TLS(
            caFile: ca, certificateFile: clientCertificate, keyFile: clientKey)
    }
}
