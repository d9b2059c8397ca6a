import ControlPlane
import Domain
import Etcd
import HTTPTypes
import TestSupport
import Testing

/// Simulates a day of work: changes by API clients and by other writers of etcd.
struct ScriptedDay {
    private static let sets = "/calico/resources/v3/projectcalico.org/globalnetworksets/"
    private static let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"

    private let server: TestApplication
    private let store: EtcdClient
    private let replay: EtcdReplay
    private var generator: SeededGenerator
    private var number = 0
    /// The ranges of time in which another writer made a change. The exact time of such a change is unknown.
    private(set) var uncertain: [ClosedRange<Timestamp>] = []

    init(_ server: TestApplication, _ store: EtcdClient, _ replay: EtcdReplay, seed: UInt64) {
        self.server = server
        self.store = store
        self.replay = replay
        generator = SeededGenerator(seed: seed)
    }

    /// Performs `changes` random requests and edits, some of which the server refuses. Returns the last revision.
    mutating func work(changes: Int) async throws -> Int64 {
        for _ in 0..<changes {
            number += 1
            switch Int.random(in: 0..<20, using: &generator) {
            case 0..<3: try await region()
            case 3..<8: try await subnet()
            case 8..<13: try await policy()
            case 13: try await several()
            case 14..<17:
                try await outside(Self.policies + "p\(pick(8))", Self.foreignPolicy(number))
            case 17: try await outside(Self.policies + "p\(pick(8))", nil)
            case 18: try await outside(Self.policies + "p\(pick(8))", "no JSON {\(number)")
            default: try await outside(Self.sets + "subnet.r\(pick(5)).s\(pick(6))", nil)
            }
        }
        return try await store.range(RangeRequest(.key("x"))).header.revision
    }

    private mutating func pick(_ count: Int) -> Int { .random(in: 0..<count, using: &generator) }

    private mutating func region() async throws {
        let region = pick(5)
        let path = "/v1/regions/r\(region)"
        if pick(5) == 0 {
            try await server.send(.delete, path)
        } else {
            let body = #"{"addressBlocks":["10.\#(region).0.0/16"],"description":"\#(number)"}"#
            try await server.send(.put, path, body)
        }
    }

    private mutating func subnet() async throws {
        let (region, subnet) = (pick(5), pick(6))
        let path = "/v1/regions/r\(region)/subnets/s\(subnet)"
        switch pick(4) {
        case 0: try await server.send(.delete, path)
        case 1: try await server.send(.patch, path, #"{"description":"\#(number)"}"#)
        default:
            let body = #"{"cidr":"10.\#(region).\#(subnet * 2 + pick(2)).0/24"}"#
            try await server.send(.put, path, body)
        }
    }

    private mutating func policy() async throws {
        let path = "/v1/policies/p\(pick(8))"
        if pick(4) == 0 {
            try await server.send(.delete, path)
        } else {
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            try await server.send(
                .put, path,
                #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","#
                    + #""metadata":{"name":"\#(name)"},"#
                    + #""spec":{"order":\#(number),"selector":"has(a)","types":["Ingress"]}}"#)
        }
    }

    /// Applies a manifest of several objects, which becomes one revision.
    private mutating func several() async throws {
        let region = pick(5)
        let subnets = (0..<3).map { index in
            #"{"kind":"Subnet","region":"r\#(region)","name":"s\#(index)","cidr":"10.\#(region).\#(20 + index).0/24","description":"\#(number)"}"#
        }
        let documents = [#"{"kind":"Region","name":"r\#(region)"}"#] + subnets
        try await server.send(.post, "/v1/apply", "[" + documents.joined(separator: ",") + "]")
    }

    /// Makes a change directly in etcd, like another writer. Waits until the ledger has the change.
    private mutating func outside(_ key: String, _ value: String?) async throws {
        let start = SystemClock.now()
        let operation =
            value.map { Operation.put(EtcdKey(key), Array($0.utf8)) } ?? .delete(EtcdKey(key))
        let revision = try await store.transaction(Transaction(success: [operation]))
            .header.revision
        try await server.send(.get, "/v1/policies/p0/history?limit=1&atLeast=\(revision)")
        let end = SystemClock.now()
        uncertain.append(start...end)
        replay.note(revision, by: end)
    }

    private static func foreignPolicy(_ number: Int) -> String {
        #"{"spec":{"selector":"all()","order":\#(number).50},"kind":"GlobalNetworkPolicy","#
            + #""metadata":{"name":"x","creationTimestamp":"2026-03-01T12:00:00Z"},"#
            + #""apiVersion":"projectcalico.org/v3"}"#
    }
}
