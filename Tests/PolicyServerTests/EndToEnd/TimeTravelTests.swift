import ControlPlane
import Domain
import HTTPTypes
import TestSupport
import Testing

extension EndToEndTests {
    /// Compares answers to `at` with a replay of etcd's own events, across compactions.
    struct TimeTravelTests {
        @Test(arguments: [UInt64(4)])
        func `a thousand points of a day match a replay of etcd`(seed: UInt64)
            async throws
        {
            try await TestApplication.with { server in
                let etcd = try #require(server.etcd)
                try await EtcdReplay.with(etcd) { replay, store in
                    var day = ScriptedDay(server, store, replay, seed: seed)
                    let noon = try await day.work(changes: 150)
                    try await Self.compact(etcd, replay, noon)
                    let evening = try await day.work(changes: 150)
                    try await Self.compact(etcd, replay, evening)

                    var generator = SeededGenerator(seed: seed)
                    let points =
                        try Self.revisions(500, replay, evening, &generator)
                        + Self.times(500, replay, day.uncertain, &generator)
                    let compared = try await Self.compare(points, replay, port: server.client.port)
                    #expect(compared > 10 * points.count, "the day is not empty")
                }
            }
        }

        @Test func `the earlier state of an unchanged object equals the present one byte for byte`()
            async throws
        {
            try await TestApplication.with { server in
                try await server.send(
                    .put, "/v1/regions/west",
                    #"{"labels":{"z":"1","a":"2"},"addressBlocks":["10.1.0.0/16"]}"#)
                let policy = """
                    {"spec":{"types":["Ingress"],"order":1e2,"ingress":[{"source":{"nets":["10.1.0.0/16"]},
                    "action":"Allow"}]},"metadata":{"labels":{"z":"1","a":"2"},"name":"p1"},
                    "kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3"}
                    """
                #expect(try await server.send(.put, "/v1/policies/p1", policy).status == 201)
                let crossing = """
                    {"spec":{"deny":[],"allow":[{"to":{"region":"west"},"from":{"any":true}}]},
                    "metadata":{"name":"c1"},"kind":"CrossRegionPolicy"}
                    """
                #expect(try await server.send(.put, "/v1/policies/c1", crossing).status == 201)
                let last = try await server.send(.get, "/v1/policies/c1")
                let revision = (last.eTag ?? "").replacing("\"", with: "")
                let paths = [
                    "/v1/policies/p1", "/v1/policies/c1", "/v1/regions/west", "/v1/export",
                    "/v1/policies", "/v1/regions",
                ]
                for path in paths {
                    for type in ["application/json", "application/yaml"] {
                        let accept = [("Accept", type)]
                        let now = try await server.send(.get, path, accept)
                        let then = try await server.send(.get, "\(path)?at=\(revision)", accept)
                        #expect(now.status == 200 && now.text == then.text, "\(path)")
                        // The tag of a list is for detecting changes, so a list of an earlier state has no tag.
                        let isList = ["/v1/policies", "/v1/regions"].contains(path)
                        #expect(then.eTag == (isList ? nil : now.eTag))
                    }
                }
            }
        }

        private struct Point: Sendable {
            /// The point as the text of a query parameter.
            var text: String
            /// The revision that the replay has for this point.
            var revision: Int64
        }

        /// Waits until the replay has reached `revision`, and then compacts etcd up to it.
        private static func compact(
            _ etcd: EtcdProcess, _ replay: EtcdReplay, _ revision: Int64
        ) async throws {
            let deadline = ContinuousClock.now + .seconds(20)
            while replay.reached < revision {
                try #require(ContinuousClock.now < deadline, "the replay is behind")
                try await Task.sleep(for: .milliseconds(10))
            }
            try await etcd.etcdctl("compact", "\(revision)")
        }

        private static func revisions(
            _ count: Int, _ replay: EtcdReplay, _ last: Int64, _ generator: inout SeededGenerator
        ) throws -> [Point] {
            (0..<count).map { _ in
                let revision = Int64.random(in: 1...last, using: &generator)
                return Point(text: "\(revision)", revision: revision)
            }
        }

        private static func times(
            _ count: Int, _ replay: EtcdReplay, _ uncertain: [ClosedRange<Timestamp>],
            _ generator: inout SeededGenerator
        ) throws -> [Point] {
            let span = try #require(replay.span)
            var points: [Point] = []
            while points.count < count {
                let time = Timestamp(
                    microseconds: .random(
                        in: span.lowerBound.microseconds...span.upperBound.microseconds,
                        using: &generator))
                guard !uncertain.contains(where: { $0.contains(time) }),
                    let revision = replay.revision(at: time)
                else { continue }
                points.append(Point(text: time.rfc3339, revision: revision))
            }
            return points
        }

        /// Compares the points with four clients at a time. Returns the number of compared objects.
        private static func compare(
            _ points: [Point], _ replay: EtcdReplay, port: Int
        ) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for part in 0..<4 {
                    group.addTask {
                        let client = HTTPTestClient(port: port)
                        var compared = 0
                        for (index, point) in points.enumerated() where index % 4 == part {
                            compared += try await compare(point, replay, client)
                        }
                        await client.close()
                        return compared
                    }
                }
                return try await group.reduce(0, +)
            }
        }

        private static func compare(
            _ point: Point, _ replay: EtcdReplay, _ client: HTTPTestClient
        ) async throws -> Int {
            var compared = 0
            for collection in ["regions", "subnets", "policies"] {
                let response = try await client.send(
                    .get, "/v1/\(collection)?limit=1000&at=\(point.text)")
                let answer = Answer(response: response)
                #expect(answer.status == 200, "\(point.text)")
                #expect(answer["X-History-Revision"] == "\(point.revision)", "\(point.text)")
                let shown = answer.items.map { EtcdReplay.item(collection, $0) }
                #expect(Set(shown).count == shown.count)
                compared += shown.count
                let expected = replay.list(collection, at: point.revision)
                #expect(Set(shown) == expected, "\(collection) at \(point.text)")
            }
            return compared
        }
    }
}
