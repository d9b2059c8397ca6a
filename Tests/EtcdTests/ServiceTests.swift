import Etcd
import Logging
import ServiceLifecycle
import TestSupport
import Testing

@Suite struct ServiceTests {
    @Test func aCallMadeBeforeTheStartWaitsAndAGracefulShutdownEndsTheService() async throws {
        try await withEtcd { etcd in
            let logger = Logger(label: "test")
            let client = try EtcdClient(
                EtcdConfiguration(endpoints: [etcd.clientURL]), logger: logger)
            async let early = client.put("k", [])
            let group = ServiceGroup(
                configuration: .init(services: [.init(service: client)], logger: logger))
            async let service: Void = group.run()
            #expect(try await early.revision > 0)
            await group.triggerGracefulShutdown()
            try await service
            let error = await etcdError { _ = try await client.get("k") }
            #expect(error?.code == .cancelled)
        }
    }
}
