import Domain
import HTTPCore
import Logging
import PolicyServer
import ServiceLifecycle
import Store
import TestSupport

/// A server whose API has a ledger, but no running etcd client and no running control plane.
enum LedgerServer {
    static func with(
        _ events: AuditEvents = AuditEvents(), access: Access = Access(),
        regions: RowRegions = RowRegions(),
        prepare: (AuditLedger, TemporaryDirectory) async throws -> Void = { _, _ in },
        _ body: (HTTPTestClient) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let api = try API.overPartsThatDoNotRun(
            in: directory, events: events, access: access, regions: regions)
        try await prepare(api.ledger, directory)
        var builder = RouterBuilder()
        builder.add(api.routes)
        let server = HTTPServer(
            listen: [ListenAddress(host: "127.0.0.1", port: 0)], router: try builder.build(),
            logger: .silent)
        let group = ServiceGroup(services: [server], logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let client = HTTPTestClient(port: try await server.boundAddresses[0].port)
            try await body(client)
            await client.close()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        try await api.ledger.close()
    }
}
