import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests two servers and twelve workers that write the same objects, on an etcd cluster whose leader is killed and
    /// frozen.
    struct ConcurrentHistoryTests {
        private static let duration = Duration.seconds(60)

        @Test(.timeLimit(.minutes(5)))
        func `a concurrent history over two servers is linearizable while leaders fail`()
            async throws
        {
            try await withEtcdCluster(size: 3, EtcdProcess.Options(skipsSync: true)) { members in
                try await withServer(on: members) { first in
                    try await withServer(on: members) { second in
                        let client = APIClient(first)
                        for region in ["west", "east"] {
                            let block = region == "west" ? "10.1.0.0/16" : "10.2.0.0/20"
                            try await client.accepted(
                                .put, "/v1/regions/\(region)", #"{"addressBlocks":["\#(block)"]}"#)
                        }
                        let workers = ConcurrentWorkers()
                        async let work: Void = workers.run([first, second], workers: 12)
                        try await fail(members)
                        workers.stop()
                        await work
                        try await check(workers.history, first, second, members)
                    }
                }
            }
        }

        /// Alternates between two faults: kills the leader and starts it again, or freezes the leader and resumes it.
        private func fail(_ members: [EtcdProcess]) async throws {
            let end = ContinuousClock.now + Self.duration
            var turn = 0
            while ContinuousClock.now < end {
                try await Task.sleep(for: .seconds(4))
                let leader = try await EtcdProcess.leader(of: members)
                if turn.isMultiple(of: 2) {
                    try await leader.kill9()
                    try await Task.sleep(for: .seconds(3))
                    try await leader.start()
                } else {
                    leader.pause()
                    try await Task.sleep(for: .seconds(4))
                    leader.resume()
                }
                turn += 1
            }
        }

        private func check(
            _ history: [HistoryEvent], _ first: ServerProcess, _ second: ServerProcess,
            _ members: [EtcdProcess]
        ) async throws {
            let statuses = Dictionary(grouping: history, by: \.status).mapValues(\.count)
            let refused = history.filter { $0.status == 503 }
            let slowest = history.map { $0.ended - $0.began }.max() ?? .zero
            print(
                "history: \(history.count) answers \(statuses.sorted { $0.key < $1.key }), "
                    + "slowest \(slowest), longest outage \(outage(history)), "
                    + "503: \(Set(refused.compactMap(\.problem)))")
            #expect(history.filter(\.isAccepted).count > 200)
            #expect(
                statuses.keys.allSatisfy { [200, 201, 204, 404, 409, 412, 422, 503].contains($0) })
            for server in [first, second] {
                try await server.waitUntilReady(timeout: .seconds(30))
            }
            let journal = try await Journal(members[0])
            for server in [first, second] {
                try await APIClient(server).waitUntilAudited(journal.newestRevision)
            }
            let rows = try await Verification(server: first, etcd: members[0]).verify(WriteLog())
            try await Verification(server: second, etcd: members[0]).verify(WriteLog())
            let same = try await AuditTool("compare", first.ledger, second.ledger)
            #expect(same.status == 0, "\(same.output)")
            checkDisjoint(rows)
            checkOrder(history, rows, journal)
            #expect(outage(history) <= .seconds(4), "an election takes up to two seconds itself")
        }

        /// Returns the longest time between two accepted answers.
        private func outage(_ history: [HistoryEvent]) -> Duration {
            let ends = history.filter(\.isAccepted).map(\.ended).sorted()
            return zip(ends, ends.dropFirst()).map { $1 - $0 }.max() ?? .zero
        }

        /// Checks that no two subnets share an address after any row.
        private func checkDisjoint(_ rows: [AuditRow]) {
            var subnets: [String: ClosedRange<UInt32>] = [:]
            for row in rows where row.isAccepted && row.change.kind == "Subnet" {
                let name = "\(row.change.region ?? "")/\(row.change.name)"
                subnets[name] = nil
                guard let range = row.change.after.flatMap(Self.range) else { continue }
                for (other, taken) in subnets where taken.overlaps(range) {
                    Issue.record("row \(row.seq): \(name) overlaps \(other)")
                }
                subnets[name] = range
            }
        }

        private static func range(_ document: String) -> ClosedRange<UInt32>? {
            guard
                let object = try? JSONSerialization.jsonObject(with: Data(document.utf8))
                    as? [String: Any],
                let cidr = ((object["spec"] as? [String: Any])?["nets"] as? [String])?.first
            else { return nil }
            let parts = cidr.split(separator: "/")
            let address = parts[0].split(separator: ".").reduce(UInt32(0)) {
                $0 << 8 | (UInt32($1) ?? 0)
            }
            guard let length = UInt32(parts[1]), (1...32).contains(length) else { return nil }
            return
                address...(address | (UInt32.max >> length == .max ? .max : UInt32.max >> length))
        }

        /// Checks that every answer fits the order of the revisions in etcd. An accepted write must take effect between
        /// its begin and its end, and its condition must hold directly before its revision. A refused condition must
        /// name a revision that was current at some time between begin and end.
        private func checkOrder(
            _ history: [HistoryEvent], _ rows: [AuditRow], _ journal: Journal
        ) {
            let versions = Versions(rows)
            var effects: [(event: HistoryEvent, revision: Int)] = []
            for event in history where event.isAccepted {
                guard let id = event.changeID, let revision = journal.accepted[id]?.revision else {
                    continue
                }
                effects.append((event, revision))
                guard let path = versions.history[event.path] else { continue }
                switch event.condition {
                case .none: break
                case .absent:
                    #expect(path.before(revision)?.exists != true, "\(event)")
                case .matches(let expected):
                    #expect(path.before(revision)?.revision == expected, "\(event)")
                    #expect(path.before(revision)?.exists == true, "\(event)")
                }
            }
            // Linearizability also needs real-time order over all objects: if one write ended before another began, it
            // has the lower revision.
            let byEnd = effects.sorted { $0.event.ended < $1.event.ended }
            let byBegin = effects.sorted { $0.event.began < $1.event.began }
            var newest = 0
            var index = 0
            for (event, revision) in byBegin {
                while index < byEnd.count, byEnd[index].event.ended < event.began {
                    newest = max(newest, byEnd[index].revision)
                    index += 1
                }
                // An answer about an unchanged object has no change id and is therefore not in `effects`.
                #expect(revision > newest, "\(event) has \(revision), but \(newest) was before it")
            }
            let ends = effects.reduce(into: [Int: ContinuousClock.Instant]()) { ends, effect in
                ends[effect.revision] = effect.event.ended
            }
            let begins = effects.reduce(into: [Int: ContinuousClock.Instant]()) { begins, effect in
                begins[effect.revision] = effect.event.began
            }
            for event in history where event.status == 412 || event.status == 404 {
                guard let path = versions.history[event.path] else { continue }
                let fits = path.states.indices.contains { index in
                    let state = path.states[index]
                    guard state.exists == (event.revision != nil),
                        event.revision.map({ $0 == state.revision }) ?? true
                    else { return false }
                    let next =
                        path.states.indices.contains(index + 1) ? path.states[index + 1] : nil
                    let began = begins[state.revision].map { $0 < event.ended } ?? true
                    let wasCurrent =
                        next.flatMap { ends[$0.revision] }.map { $0 > event.began } ?? true
                    return began && wasCurrent
                }
                #expect(fits, "\(event)")
            }
        }
    }
}

/// The states of every object, in the order of the revisions in etcd.
private struct Versions {
    struct State {
        var revision: Int
        var exists: Bool
    }

    struct Path {
        /// The states of one object. The first state stands for the time before the first row.
        var states = [State(revision: 0, exists: false)]

        func before(_ revision: Int) -> State? { states.last { $0.revision < revision } }
    }

    var history: [String: Path] = [:]

    init(_ rows: [AuditRow]) {
        for row in rows where row.isAccepted {
            let path: String
            switch row.change.kind {
            case "Subnet":
                path = "/v1/regions/\(row.change.region ?? "")/subnets/\(row.change.name)"
            case "GlobalNetworkPolicy": path = "/v1/policies/\(row.change.name)"
            default: continue
            }
            history[path, default: Path()].states.append(
                State(revision: row.change.revision, exists: row.change.after != nil))
        }
    }
}

extension EtcdProcess {
    /// Waits until a member is the leader, and returns it.
    static func leader(of members: [EtcdProcess]) async throws -> EtcdProcess {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            for member in members {
                if await member.metric("etcd_server_is_leader") == 1 { return member }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw FaultTestError("no member leads")
    }
}
