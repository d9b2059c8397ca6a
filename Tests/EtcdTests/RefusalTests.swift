import Etcd
import TestSupport
import Testing

/// Tests of etcd's refusals and of the errors that the client makes of them.
@Suite struct RefusalTests {
    enum Refused: CaseIterable {
        case tooManyOperations, tooLarge, tooLargeForGRPC, sameKeyTwice, emptyKey, unknownLease

        var transaction: Transaction {
            switch self {
            case .tooManyOperations:
                Transaction(success: (0..<129).map { .put(EtcdKey("k\($0)"), []) })
            case .tooLarge:
                Transaction(success: [.put("k", [UInt8](repeating: 0, count: 1_600_000))])
            case .tooLargeForGRPC:
                Transaction(success: [.put("k", [UInt8](repeating: 0, count: 4_000_000))])
            case .sameKeyTwice: Transaction(success: [.put("k", []), .put("k", [])])
            case .emptyKey: Transaction(success: [.put("", [])])
            case .unknownLease:
                Transaction(success: [.put("k", [], lease: LeaseID(rawValue: 99))])
            }
        }

        var code: EtcdError.Code {
            switch self {
            case .tooManyOperations: .tooManyOperations
            case .tooLarge, .tooLargeForGRPC: .requestTooLarge
            case .sameKeyTwice, .emptyKey: .invalidArgument
            case .unknownLease: .leaseNotFound
            }
        }
    }

    @Test(arguments: Refused.allCases)
    func aRefusedTransactionIsNotApplied(refused: Refused) async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let error = await etcdError {
                    _ = try await client.transaction(refused.transaction)
                }
                #expect(error?.code == refused.code)
                #expect(error?.outcome == .notApplied)
                let stored = try await client.get("k")
                #expect(stored == nil)
            }
        }
    }

    @Test func aFullDatabaseIsReportedAsNoSpace() async throws {
        try await withEtcd(EtcdProcess.Options(flags: ["--quota-backend-bytes", "1000000"])) {
            etcd in
            try await withClient(etcd) { client in
                var error: EtcdError?
                for number in 0..<50 where error == nil {
                    error = await etcdError {
                        let value = [UInt8](repeating: 0, count: 100_000)
                        try await client.put(EtcdKey("k\(number)"), value)
                    }
                }
                #expect(error?.code == .noSpace)
                #expect(error?.outcome == .notApplied)
            }
        }
    }

    @Test func aTooLargeAnswerIsReportedAndPagesShrink() async throws {
        try await withEtcd { etcd in
            var configuration = try EtcdConfiguration(endpoints: [etcd.clientURL])
            configuration.maxResponseBytes = 1_000_000
            try await withClient(configuration) { client in
                for number in 10..<40 {
                    try await client.put(
                        EtcdKey("k\(number)"), [UInt8](repeating: 1, count: 100_000))
                }
                let error = await etcdError {
                    _ = try await client.range(RangeRequest(.prefix("k")))
                }
                #expect(error?.code == .responseTooLarge)
                #expect(try await client.rangeAll(prefix: "k").keyValues.count == 30)
            }
        }
    }
}
