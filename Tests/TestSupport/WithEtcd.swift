/// Runs `body` with a healthy etcd, and then removes this etcd.
package func withEtcd<Result: Sendable>(
    _ options: EtcdProcess.Options = EtcdProcess.Options(),
    _ body: (EtcdProcess) async throws -> Result
) async throws -> Result {
    try await withEtcdCluster(size: 1, options) { members in try await body(members[0]) }
}

/// Runs `body` with a cluster of healthy members, and then removes the cluster.
package func withEtcdCluster<Result: Sendable>(
    size: Int = 3, _ options: EtcdProcess.Options = EtcdProcess.Options(),
    _ body: ([EtcdProcess]) async throws -> Result
) async throws -> Result {
    await EtcdSlots.shared.take()
    var members: [EtcdProcess] = []
    do {
        let ports = try (0..<size).map { _ in try EtcdProcess.Ports.free() }
        let cluster = ports.enumerated()
            .map { "m\($0.offset)=http://127.0.0.1:\($0.element.peer)" }
            .joined(separator: ",")
        for (number, ports) in ports.enumerated() {
            members.append(
                try EtcdProcess(
                    name: "m\(number)", ports: ports, initialCluster: cluster, options: options))
        }
        for member in members { try await member.restore() }
        for member in members { try member.launch() }
        for member in members { try await member.waitUntilHealthy() }
        let result = try await body(members)
        await dispose(members)
        await EtcdSlots.shared.giveBack()
        return result
    } catch {
        await dispose(members)
        await EtcdSlots.shared.giveBack()
        throw error
    }
}

private func dispose(_ members: [EtcdProcess]) async {
    for member in members { await member.dispose() }
}

/// Limits the number of etcd clusters that run at the same time. Tests run in parallel, and too many etcds would
/// slow down every test.
private actor EtcdSlots {
    static let shared = EtcdSlots(count: 3)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(count: Int) {
        self.free = count
    }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func giveBack() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
