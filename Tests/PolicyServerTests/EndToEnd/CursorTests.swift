import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    struct CursorTests {
        /// Numbers for positions that no list returns. A client can still make up such a position.
        private static let numbers = [
            "0", "1", "9223372036854775806", "9223372036854775807", "-1", "-9223372036854775808",
            "9223372036854775808", "", "x",
        ]

        /// The lists, their names in cursors, and their positions. `#` stands for a number.
        private static let lists: [(path: String, name: String, positions: [String])] = [
            ("/v1/audit?q=west", "audit", ["s#", "#.#"]),
            ("/v1/audit?", "audit", ["#.1", "1.#", "#.#", "s#"]),
            ("/v1/audit?cidr=10.0.0.0/8", "audit", ["#.#", "1.#"]),
            ("/v1/audit?group_by=kind", "audit by kind", ["#.#", "1.#"]),
            ("/v1/audit?group_by=kind&q=west", "audit by kind", ["s#"]),
            ("/v1/regions/west/history?", "history of Region west", ["#.#", "1.#"]),
            ("/v1/diff?from=1", "diff 1 ", ["#.# #.# /", "1.# 1.# /", "1.1 #.# /"]),
            ("/v1/regions?", "regions", ["#"]),
            ("/v1/regions?at=1", "regions at 1", ["#.# /", "1.# /"]),
            ("/v1/subnets?overlaps=10.1.0.0/16", "subnets", ["#"]),
        ]

        @Test func `no position that a client makes up ends the server`() async throws {
            try await TestApplication.with { server in
                try await server.send(
                    .put, "/v1/regions/west", #"{"addressBlocks":["10.1.0.0/16"]}"#)
                for list in Self.lists {
                    for position in list.positions {
                        for number in Self.numbers {
                            try await ask(server, list.path, list.name, position, number)
                        }
                    }
                }
                for number in Self.numbers {
                    for query in [
                        "order=revision&after=\(number).\(number)", "from=\(number)",
                        "to=\(number)", "from=\(number)&to=\(number)",
                    ] {
                        let answer = try await server.send(.get, "/v1/audit/export?" + query)
                        #expect([200, 400].contains(answer.status), "\(query)")
                    }
                }
                #expect(try await server.send(.get, "/readyz").status == 200)
            }
        }

        private func ask(
            _ server: TestApplication, _ path: String, _ name: String, _ position: String,
            _ number: String
        ) async throws {
            let text = position.replacing("#", with: number)
            let cursor = PageCursor(list: name, position: text).text
            for order in path.hasPrefix("/v1/audit") ? ["&order=asc", "&order=desc"] : [""] {
                let answer = try await server.send(.get, "\(path)\(order)&cursor=\(cursor)")
                #expect([200, 400, 404].contains(answer.status), "\(path)\(order) \(text)")
                // A time can be before 1970, but a row number is never negative.
                let isNegative = position.hasSuffix("#") && number.hasPrefix("-")
                #expect(
                    answer.status == 400 || !isNegative || !path.hasPrefix("/v1/audit"),
                    "\(path)\(order) \(text)")
            }
        }
    }
}
