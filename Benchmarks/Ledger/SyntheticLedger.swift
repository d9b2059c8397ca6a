import Domain
import Foundation
import Store

/// A ledger of synthetic changes by 200 actors to 2,000 objects of about 600 bytes. A tenth of the rows have a
/// network. Two rows in a hundred are refusals, and two in a hundred are changes by other writers of etcd.
struct SyntheticLedger {
    static let cluster = "cdf818194e3a8c32"
    static let actors = 200
    static let objects = 2_000
    /// The time between two rows, in microseconds.
    static let interval: Int64 = 10_000_000
    static let start: Int64 = 1_700_000_000_000_000

    let ledger: AuditLedger
    private var generator = SplitMix64(state: 1)
    private(set) var count = 0

    init(path: String) async throws {
        ledger = try AuditLedger(path: path)
        try await ledger.follow(Progress(clusterID: Self.cluster, revision: 0))
    }

    /// Adds rows until the ledger has `rows` rows. The rows take the same path as changes from etcd.
    mutating func grow(to rows: Int) async throws {
        while count < rows { try await append(min(500, rows - count)) }
    }

    /// Adds one batch of `rows` revisions. Each revision has one row.
    mutating func append(_ rows: Int) async throws {
        let batch = (0..<rows).map { _ in projection() }
        try await ledger.project(batch, clusterID: Self.cluster)
    }

    /// Waits until every row is in the index of texts.
    func indexTexts() async throws {
        var filter = AuditFilter()
        filter.text = try? AuditText("nothing-has-this-word")
        while try await ledger.query(filter, limit: 1).isPartial {}
    }

    static func actor(_ number: Int) -> String { "user-\(number)@example.org" }
    static func name(_ number: Int) -> String { "policy-\(number)" }
    static func change(_ number: Int) -> String {
        "01JF" + String(repeating: "0", count: 22 - String(number).utf8.count) + String(number)
    }
    static func time(_ number: Int) -> Int64 { start + Int64(number) * interval }
    /// Returns one of 200 networks. Each network is in a different /16 block.
    static func network(_ object: Int) -> String { "10.\(object % 200).7.0/24" }

    private mutating func projection() -> Projection {
        count += 1
        let revision = Int64(count)
        let object = Int.random(in: 0..<Self.objects, using: &generator)
        let chance = Int.random(in: 0..<100, using: &generator)
        var row = AuditRecord.Draft(
            time: Timestamp(microseconds: Self.time(count)), origin: chance < 2 ? .external : .api,
            actor: Self.actor(Int.random(in: 0..<Self.actors, using: &generator)), verb: .update,
            kind: "GlobalNetworkPolicy", name: Self.name(object),
            region: "region-\(object % 20)", outcome: chance >= 98 ? .refused : .accepted)
        row.clusterID = Self.cluster
        row.changeID = Self.change(count)
        row.requestID = "req-\(count)"
        row.reason = "ticket \(count) asks for it"
        row.ticket = "NET-\(count / 10)"
        row.clientAddress = "192.0.2.\(object % 250)"
        row.authentication = "asserted"
        let networks = chance < 12 && chance >= 2 ? Self.network(object) : nil
        row.cidrs = networks.map { #"["\#($0)"]"# }
        row.before = Self.body(object, count - 1, networks)
        row.after = Self.body(object, count, networks)
        if row.outcome == .accepted {
            row.revision = revision
            row.key =
                "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/policy-\(object)"
        } else {
            (row.status, row.problem) = (409, "overlap")
        }
        return Projection(revision: revision, rows: [row])
    }

    private static func body(_ object: Int, _ version: Int, _ network: String?) -> String {
        #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"policy-\#(object)","#
            + #""annotations":{"example.com/version":"\#(version)"},"uid":"4b5c6d7e-0000-4000-8000-\#(object)"},"spec":{"order":\#(version % 1000),"#
            + #""selector":"projectcalico.org/namespace == 'openstack-region-\#(object % 20)'","types":["Ingress"],"#
            + #""ingress":[{"action":"Allow","protocol":"TCP","source":{"nets":["\#(network ?? "192.0.2.0/24")"],"selector":"has(sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5)"},"#
            + #""destination":{"ports":[22,443,\#(version % 60_000)]}}]}}"#
    }
}

/// The SplitMix64 generator. It gives the same numbers in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
