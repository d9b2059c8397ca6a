import PolicyServer
import Testing

struct DescriptorLimitTests {
    @Test(arguments: [
        // Each row has the wanted connections, the soft limit and the hard limit, and then the expected soft limit and
        // the expected connections.
        (4096, 1024, 1_048_576, 4288, 4096), (4096, 8192, 8192, 8192, 4096),
        (4096, 1024, 1024, 1024, 832), (4096, 1024, 2048, 2048, 1856), (100, 1024, 1024, 1024, 100),
        (4096, 100, 100, 100, 50), (4096, 1, 1, 1, 1), (1, 0, 0, 0, 1),
        (1_000_000, 1024, Int.max, 1_000_192, 1_000_000),
    ])
    func `the soft limit is raised as far as needed and allowed, and connections fit into it`(
        wanted: Int, soft: Int, hard: Int, newSoft: Int, connections: Int
    ) {
        let limit = DescriptorLimit(connections: wanted, soft: soft, hard: hard)
        #expect(limit.soft == newSoft)
        #expect(limit.connections == connections)
    }
}
