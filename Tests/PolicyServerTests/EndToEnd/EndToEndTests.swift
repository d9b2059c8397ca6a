import TestSupport
import Testing

/// Tests over a real socket, with a real etcd and a real ledger. They run one at a time to limit the load on the
/// machine.
@Suite(.serialized, .reservedEtcd)
struct EndToEndTests {}

/// Reserves an etcd cluster for a suite whose tests run one at a time.
struct ReservedEtcd: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await EtcdReservation.$isHeld.withValue(true) { try await function() }
    }
}

extension Trait where Self == ReservedEtcd {
    static var reservedEtcd: Self { ReservedEtcd() }
}
