import ControlPlane
import Documents
import Domain
import Etcd
import Store
import Testing
import TestSupport

/// A caller of the tests of the two-person rule.
struct Person: Sendable {
    var name: String
    var scope: AccessScope
    var credential: String?

    init(_ name: String, _ grants: Grant..., credential: String? = nil) {
        self.name = name
        scope = AccessScope(grants)
        self.credential = credential
    }

    static let alice = Person("alice", Grant(.editor))
    static let bob = Person("bob", Grant(.approver))
    static let carol = Person("carol", Grant(.approver))
    static let admin = Person("root", Grant(.admin))
}

extension TwoPersonRule {
    /// Regions and subnets can be changed by one person, so that a test can set them up.
    static let policies = TwoPersonRule(
        kinds: ["GlobalNetworkPolicy", "NetworkPolicy", "CrossRegionPolicy"])
}

extension ControlPlane {
    /// Submits `operation` as `person`.
    @discardableResult
    func submit(
        _ operation: ChangeOperation, as person: Person, reason: String? = "it is needed",
        key: String? = nil, isBreakGlass: Bool = false, options: ChangeOptions = ChangeOptions()
    ) async throws -> ChangeOutcome {
        var request = ChangeRequest.sample(
            operation, key: key.map { person.name + $0 }, options: options, scope: person.scope)
        request.context.actor = person.name
        request.context.reason = reason
        request.credential = person.credential
        request.isBreakGlass = isBreakGlass
        return try await submit(request)
    }

    /// Submits `operation` as `person` and returns the id of the pending change.
    func hold(_ operation: ChangeOperation, as person: Person = .alice) async throws -> ChangeID {
        let outcome = try await submit(operation, as: person)
        return try #require(outcome.held, "\(outcome)").pending.id
    }

    func waiting(for person: Person = .admin) -> [PendingChange] {
        pendingChanges(PendingQuery(limit: 1_000), for: person.scope, person.name).items
    }
}

extension ChangeOutcome {
    var held: HeldChange? { if case .held(let change) = self { change } else { nil } }
    var isEnded: Bool { if case .ended = self { true } else { false } }
}

/// Runs `body` with a new etcd and a control plane that needs two persons for policies.
func withTwoPersons(
    _ rule: TwoPersonRule = .policies, journal: JournalAuthenticator = JournalAuthenticator(),
    _ body: @Sendable (ControlPlane, AuditLedger, EtcdClient) async throws -> Void
) async throws {
    try await withServer(ControlPlaneConfiguration(twoPersons: rule, journal: journal)) {
        try await body($0, $1, $2)
    }
}
