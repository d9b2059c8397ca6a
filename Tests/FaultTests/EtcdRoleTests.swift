import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests the server as a user of etcd that has only the role of `policy-server etcd-role`.
    struct EtcdRoleTests {
        private static let calico = "/calico/resources/v3/projectcalico.org/"
        private static let password = "correct-horse"
        private static let rootPassword = "battery-staple"

        /// Keys beside the ranges of the role: of other tools, of other versions, and just outside a range.
        private static let others = [
            "/calico-policy-server/v2/head", "/calico-policy-server/v1", "/calico/felix/v2/x/host",
            "/calico/openstack/v1/neutron_election", "/calico/resources/v3/other",
            calico + "globalnetworksets/of-somebody-else", calico + "globalnetworksets/region",
            calico + "networksets/openstack-region-west/x",
            calico + "networkpolicies/openstack/ossg.default.x",
            calico + "networkpolicies/default/x",
            calico + "workloadendpoints/openstack-region-west/x", calico + "tiers/default2",
            calico + "tiers/of-somebody-else", calico + "clusterinformations/other",
            calico + "globalnetworkpolicies", calico + "ippools/x",
        ]

        /// Runs `body` with a server that is a user of etcd with the printed role.
        private func withRole(
            _ body: (EtcdProcess, ServerProcess, _ script: String) async throws -> Void
        ) async throws {
            try await withEtcd { etcd in
                let folder = try TemporaryDirectory()
                let passwordFile = folder.file("the server's password")
                try Self.write(Self.password, to: passwordFile)
                let program = try ServerExecutable.locate().path
                let result = try await Shell.run(
                    "\(program) etcd-role --password-file \"$FILE\" | tee script | sh -e",
                    ["ETCDCTL_ENDPOINTS": etcd.clientURL, "FILE": passwordFile], in: folder)
                #expect(result.status == 0, "\(result.output)")
                #expect(!result.output.contains(Self.password))
                let script = try String(contentsOfFile: folder.file("script"), encoding: .utf8)
                try await etcd.enableAuthentication(rootPassword: Self.rootPassword)
                let flags = ["--etcd-user", "policy-server", "--etcd-password-file", passwordFile]
                try await withServer(on: etcd, flags: flags) { try await body(etcd, $0, script) }
            }
        }

        private static func write(_ text: String, to path: String) throws {
            let isWritten = FileManager.default.createFile(
                atPath: path, contents: Data((text + "\n").utf8),
                attributes: [.posixPermissions: 0o600])
            guard isWritten else { throw FaultTestError("\(path) cannot be written") }
        }

        @Test(.timeLimit(.minutes(2)))
        func `the server does everything under the printed role`() async throws {
            try await withRole { etcd, server, _ in
                let client = APIClient(server)
                for region in ["east", "west"] {
                    let cidr = region == "east" ? "10.1.0.0/16" : "10.2.0.0/16"
                    try await client.accepted(
                        .put, "/v1/regions/\(region)", #"{"addressBlocks":["\#(cidr)"]}"#)
                    try await client.accepted(
                        .put, "/v1/regions/\(region)/subnets/a", #"{"cidr":"\#(cidr)"}"#)
                }
                let spec = #""spec":{"selector":"all()","ingress":[{"action":"Allow"}]}}"#
                let head = #"{"apiVersion":"projectcalico.org/v3","kind":"#
                try await client.accepted(
                    .put, "/v1/policies/web",
                    head + #""GlobalNetworkPolicy","metadata":{"name":"web"},"# + spec)
                try await client.accepted(
                    .put, "/v1/regions/east/policies/web",
                    head + #""NetworkPolicy","metadata":{"name":"web"},"# + spec)
                let cross = """
                    {"kind":"CrossRegionPolicy","metadata":{"name":"mail"},"spec":{"allow":[
                     {"from":{"region":"west"},"to":{"region":"east"},"protocol":"TCP","ports":[25]}]}}
                    """
                try await client.accepted(.put, "/v1/policies/mail", cross)
                try await client.accepted(
                    .post, "/v1/apply", #"[{"kind":"Region","name":"north"}]"#)
                for path in [
                    "policies/mail", "regions/east/policies/web", "policies/web",
                    "regions/east/subnets/a", "regions/east",
                ] { try await client.accepted(.delete, "/v1/" + path) }
                let checkpoint = try await client.send(.post, "/v1/audit/checkpoint")
                #expect((200..<300).contains(checkpoint.status), "\(checkpoint.text)")
                let ready = try await client.send(.get, "/readyz")
                #expect(ready.status == 200, "\(ready.text)")
                for path in ["diff?from=2", "policies?at=0s", "export", "audit", "subnets"] {
                    let answer = try await client.send(.get, "/v1/" + path)
                    #expect(answer.status == 200, "\(path): \(answer.text)")
                }
                try await verify(server, etcd)
                #expect(try await server.stop() == .exit(0))
                try await server.start()
                try await APIClient(server).accepted(.put, "/v1/regions/south", "{}")
                #expect(!server.log.contains("permission denied"), "\(server.log)")
            }
        }

        /// Checks the ledger against etcd as the server's user, which may read the anchor.
        private func verify(_ server: ServerProcess, _ etcd: EtcdProcess) async throws {
            let passwordFile = server.data.file("password")
            try Self.write(Self.password, to: passwordFile)
            let tool = try await AuditTool(
                "verify", "--db", server.ledger, "--etcd", etcd.clientURL,
                "--etcd-user", "policy-server", "--etcd-password-file", passwordFile)
            #expect(tool.status == 0, "\(tool.output)")
        }

        @Test(.timeLimit(.minutes(2)))
        func `the printed role allows nothing but the server's keys`() async throws {
            try await withRole { etcd, _, _ in
                func refused(_ arguments: String...) async {
                    let error = await #expect(throws: (any Error).self, "\(arguments)") {
                        try await self.etcdctl(etcd, Self.password, arguments)
                    }
                    #expect("\(error.map { "\($0)" } ?? "")".contains("permission denied"))
                }
                for key in Self.others {
                    await refused("put", key, "x")
                    await refused("del", key)
                }
                for key in ["/other", "/calicp", "/calicn", "calico"] {
                    await refused("get", key)
                    await refused("put", key, "x")
                }
                await refused("get", "--prefix", "/")
                await refused("get", "--from-key", "")
                await refused("del", "--prefix", "/calico")
                await refused("del", "--prefix", Self.calico + "globalnetworksets/")
                await refused("user", "add", "guest:guest")
                await refused("role", "grant-permission", "policy-server", "readwrite", "/", "0")
                await refused("auth", "disable")
                try await etcdctl(etcd, Self.password, ["get", "--prefix", "/calico"])
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func `without one of the printed permissions the server is not ready`() async throws {
            try await withRole { etcd, server, script in
                let grants = script.split(separator: "\n").map {
                    $0.split(separator: " ").map(String.init)
                }
                .filter { $0.contains("grant-permission") && $0[4] == "write" }
                #expect(grants.count == 9)
                let client = APIClient(server)
                for grant in grants {
                    let keys = Array(grant[5...])
                    try await root(etcd, ["role", "revoke-permission", grant[3]] + keys)
                    let answer = try await eventually(client) { $0 == 503 }
                    #expect(answer.contains("permission denied"), "\(grant): \(answer)")
                    try await root(etcd, Array(grant[1...]))
                    _ = try await eventually(client) { $0 == 200 }
                }
            }
        }

        /// Asks `/readyz` until its status satisfies `condition`. Returns the answer.
        private func eventually(
            _ client: APIClient, _ condition: (Int) -> Bool
        ) async throws -> String {
            let deadline = ContinuousClock.now + .seconds(10)
            while true {
                let answer = try await client.send(.get, "/readyz")
                if condition(answer.status) { return answer.text }
                guard ContinuousClock.now < deadline else { throw FaultTestError(answer.text) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        private func root(_ etcd: EtcdProcess, _ arguments: [String]) async throws {
            try await etcd.etcdctl(["--user", "root:" + Self.rootPassword] + arguments)
        }

        private func etcdctl(
            _ etcd: EtcdProcess, _ password: String, _ arguments: [String]
        ) async throws {
            try await etcd.etcdctl(["--user", "policy-server:" + password] + arguments)
        }
    }
}
