import TestSupport
import Testing

/// Tests of faults that the server must survive without losing anything, with the real program and a real etcd. They
/// run one after another, because each test loads the whole machine.
@Suite(.serialized, .reservedEtcd)
enum FaultTests {}

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
