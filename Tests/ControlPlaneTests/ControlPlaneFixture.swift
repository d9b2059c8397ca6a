import ControlPlane
import Documents
import Domain
import Etcd
import Foundation
import Logging
import Store
import Testing
import TestSupport

/// Runs `body` with a running client of `etcd`.
func withStore<Result: Sendable>(
    _ etcd: EtcdProcess, timeout: Duration = .seconds(5),
    _ body: @Sendable (EtcdClient) async throws -> Result
) async throws -> Result {
    let configuration = try EtcdConfiguration(
        endpoints: [etcd.clientURL], requestTimeout: timeout)
    let client = try EtcdClient(configuration, logger: .quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await client.run() }
        return try await body(client)
    }
}

/// Runs `body` with a control plane that has read etcd, and with its ledger. Stops both afterwards.
///
/// - Parameter isReady: False for a control plane that cannot become ready. `body` then starts at once.
func withControlPlane<Result: Sendable>(
    _ store: any KeyValueStore, ledger path: String,
    _ configuration: ControlPlaneConfiguration = ControlPlaneConfiguration(),
    isReady: Bool = true,
    _ body: @Sendable (ControlPlane, AuditLedger) async throws -> Result
) async throws -> Result {
    let ledger = try AuditLedger(path: path)
    let controlPlane = ControlPlane(
        store: store, ledger: ledger, statuses: .sample, configuration: configuration,
        logger: .quiet)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await controlPlane.run() }
        do {
            try await eventually("the control plane is ready") {
                if !isReady { return true }
                return await controlPlane.health().isReady
            }
            let result = try await body(controlPlane, ledger)
            group.cancelAll()
            try await group.waitForAll()
            try await ledger.close()
            return result
        } catch {
            group.cancelAll()
            try? await group.waitForAll()
            try? await ledger.close()
            throw error
        }
    }
}

/// Runs `body` with a new etcd, a client of it, and a control plane with a new ledger.
func withServer<Result: Sendable>(
    _ configuration: ControlPlaneConfiguration = ControlPlaneConfiguration(),
    _ body: @Sendable (ControlPlane, AuditLedger, EtcdClient) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory()
    return try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
        try await withStore(etcd) { store in
            try await withControlPlane(
                store, ledger: directory.file("audit.sqlite"), configuration
            ) { try await body($0, $1, store) }
        }
    }
}

extension OutcomeStatuses {
    /// A simple table of statuses in place of the program's table.
    static let sample = OutcomeStatuses(
        done: { $0 == .create ? 201 : $0 == .delete ? 204 : 200 }, held: 202,
        refused: { Problem(status: 422, type: "\($0)") },
        failed: { Problem(status: 503, type: "\($0)") })
}

/// Access to the parts of an outcome that tests compare.
extension ChangeOutcome {
    var applied: AppliedChange? { if case .applied(let change) = self { change } else { nil } }
    var refusal: Refusal? { if case .refused(let refusal) = self { refusal } else { nil } }
    var planned: ChangePlan? { if case .planned(let plan) = self { plan } else { nil } }
}

extension ControlPlane {
    /// Submits as `anonymous@192.0.2.7`. The change id is derived from `key` if given; otherwise it is new.
    @discardableResult
    func submit(
        _ operation: ChangeOperation, key: String? = nil, fingerprint: String? = nil,
        options: ChangeOptions = ChangeOptions()
    ) async throws -> ChangeOutcome {
        try await submit(.sample(operation, key: key, fingerprint: fingerprint, options: options))
    }

    // The reads of a caller who may see everything.
    func object(_ name: ObjectName) -> ObjectView? { object(name, for: .unlimited) }
    func list(_ query: ListQuery) -> ListPage { list(query, for: .unlimited) }

    func object(_ name: ObjectName, at point: PointInTime) async throws -> ObjectView? {
        try await object(name, at: point, for: .unlimited)
    }

    func list(_ query: ListQuery, at point: PointInTime) async throws -> ListPage {
        try await list(query, at: point, for: .unlimited)
    }
}

extension ChangeRequest {
    static func sample(
        _ operation: ChangeOperation, key: String? = nil, fingerprint: String? = nil,
        precondition: Precondition = .none, options: ChangeOptions = ChangeOptions(),
        scope: AccessScope = .unlimited
    ) -> ChangeRequest {
        var generator = SystemRandomNumberGenerator()
        let actor = "anonymous@192.0.2.7"
        let id =
            key.map { ChangeID.derived(principal: actor, idempotencyKey: $0) }
            ?? ChangeID.generate(unixMilliseconds: 1_795_000_000_000, using: &generator)
        return ChangeRequest(
            id: id,
            context: ChangeContext(
                actor: actor, clientAddress: "192.0.2.7", requestID: "req-1", reason: "ticket 42"),
            scope: scope, fingerprint: fingerprint ?? key.map { "fingerprint of " + $0 },
            operation: operation,
            precondition: precondition, options: options)
    }
}

extension ChangeOperation {
    static func region(_ name: String, blocks: [String] = []) -> ChangeOperation {
        .put(.region(name), ["addressBlocks": .array(blocks.map { .string($0) })])
    }

    static func subnet(_ region: String, _ name: String, _ cidr: String) -> ChangeOperation {
        .put(.subnet(region: region, name: name), ["cidr": .string(cidr)])
    }

    static func policy(_ name: String, selector: String = "has(a)") -> ChangeOperation {
        .put(.policy(name), .policy(name, selector: selector))
    }
}

extension Manifest {
    /// A manifest from documents, without their lines in a text.
    init(_ documents: [JSONValue]) { self.init(documents.map { StreamedDocument($0) }) }
}

extension JSONValue {
    /// Parses `text`. A text that does not parse, which is a defect of the test, gives null.
    static func json(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array(text.utf8))) ?? .null
    }

    /// An ingress policy in the default tier.
    static func policy(
        _ name: String, kind: String = "GlobalNetworkPolicy", selector: String = "has(a)"
    ) -> JSONValue {
        [
            "apiVersion": "projectcalico.org/v3", "kind": .string(kind),
            "metadata": ["name": .string(name)],
            "spec": [
                "selector": .string(selector), "order": 100,
                "ingress": [
                    [
                        "action": "Allow", "protocol": "TCP",
                        "source": ["selector": "has(b)"], "destination": ["ports": [80]],
                    ]
                ],
            ],
        ]
    }
}

extension String {
    var bytes: [UInt8] { Array(utf8) }
}

extension Logger {
    /// A log for failures that tests cause on purpose. It shows only critical messages.
    static let quiet: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
}

extension AuditLedger {
    /// Every row, oldest first.
    func allRows() async throws -> [AuditRecord] { try await rows(after: 0, limit: 1_000_000) }
}

/// Expects that both ledgers have the same accepted rows, apart from their numbers. Returns them.
@discardableResult
func expectAgreement(
    _ planes: [ControlPlane], _ ledgers: [AuditLedger]
) async throws -> [AuditRecord.Draft] {
    let newest = planes.map(\.mirror.applied.reached).max() ?? 0
    for plane in planes {
        try await plane.waitUntilApplied(newest, timeout: .seconds(10))
        #expect(await plane.feed.audited.wait(for: newest, until: .now + .seconds(10)))
    }
    var accepted: [[AuditRecord.Draft]] = []
    for ledger in ledgers {
        accepted.append(
            try await ledger.allRows().filter { $0.outcome == .accepted }.map(\.entry))
    }
    #expect(accepted[0] == accepted[1])
    return accepted[0]
}
