import Etcd
import Logging
import Synchronization
import TestSupport
import Testing

/// Tests of the log of a watch whose endpoint fails.
@Suite struct WatchLogTests {
    @Test(arguments: [
        (["http://127.0.0.1:1"], "the watch of etcd is restarted", "http://127.0.0.1:1"),
        (
            ["http://127.0.0.1:1", "http://127.0.0.1:2"],
            "the watch of etcd switches to another endpoint",
            "http://127.0.0.1:2"
        ),
    ])
    func saysWhereItGoes(endpoints: [String], text: String, next: String) async throws {
        let log = MemoryLog()
        let configuration = try EtcdConfiguration(endpoints: endpoints, requestTimeout: .seconds(8))
        let client = try EtcdClient(configuration, logger: Logger(label: "test") { _ in log })
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await client.run() }
            group.addTask {
                try await client.watch(WatchRequest(.key("k"), startRevision: 1)) { batches in
                    for try await _ in batches {}
                }
            }
            try await eventually("the watch has failed once") { log.first != nil }
        }
        let line = try #require(log.first)
        #expect(line.text == text)
        #expect(line.metadata["from"] == "http://127.0.0.1:1")
        #expect(line.metadata["to"] == .string(next))
    }
}

/// A log that keeps the first message at level notice.
private final class MemoryLog: LogHandler {
    private let line = Mutex<(text: String, metadata: Logger.Metadata)?>(nil)
    var first: (text: String, metadata: Logger.Metadata)? { line.withLock { $0 } }

    var logLevel: Logger.Level {
        get { .notice }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }

    subscript(metadataKey _: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        line.withLock {
            if $0 == nil { $0 = ("\(event.message)", event.metadata ?? [:]) }
        }
    }
}
