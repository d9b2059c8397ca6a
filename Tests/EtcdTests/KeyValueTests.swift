import Etcd
import Logging
import TestSupport
import Testing

@Suite struct KeyValueTests {
    @Test func aValueIsReadBackWithItsRevisions() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let first = try await client.put("a", "1".bytes)
                let second = try await client.put("a", "2".bytes)
                let stored = try await client.get("a")
                #expect(
                    stored
                        == KeyValue(
                            key: "a", value: "2".bytes, createRevision: first.revision,
                            modRevision: second.revision, version: 2))
                #expect(try await client.delete("a"))
                #expect(try await !client.delete("a"))
                #expect(try await client.get("a") == nil)
            }
        }
    }

    @Test func keysAndValuesMayBeAnyBytes() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let key = EtcdKey(bytes: [0xFF, 0x00, 0xC0])
                try await client.put(key, [0x00, 0xFF])
                let all = try await client.range(RangeRequest(.prefix("")))
                #expect(all.keyValues.map(\.key) == [key])
                #expect(all.keyValues.first?.value == [0x00, 0xFF])
                #expect(all.keyValues.first?.key.string == nil)
            }
        }
    }

    @Test func rangeOptionsAreHonoured() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                for (key, value) in [("p/1", "b"), ("p/2", "a"), ("q", "z")] {
                    try await client.put(EtcdKey(key), value.bytes)
                }
                let limited = try await client.range(RangeRequest(.prefix("p/"), limit: 1))
                #expect(limited.keyValues.map(\.key) == ["p/1"])
                #expect(limited.count == 2 && limited.more)

                let counted = try await client.range(RangeRequest(.prefix(""), countOnly: true))
                #expect(counted.count == 3 && counted.keyValues.isEmpty)

                let keys = try await client.range(
                    RangeRequest(.halfOpen(from: "p/2", to: "r"), keysOnly: true))
                #expect(keys.keyValues.map(\.key) == ["p/2", "q"])
                #expect(keys.keyValues.allSatisfy { $0.value.isEmpty })

                let byValue = try await client.range(
                    RangeRequest(.prefix(""), serializable: true, sort: .descending(.value)))
                #expect(byValue.keyValues.map(\.key) == ["q", "p/1", "p/2"])
            }
        }
    }

    @Test func pagesAreOfOneRevisionDuringWrites() async throws {
        try await withEtcd(EtcdProcess.Options(skipsSync: true)) { etcd in
            try await withClient(etcd) { client in
                for number in 100..<350 {
                    try await client.put(EtcdKey("k/\(number)"), "old".bytes)
                }
                var pages = 0
                var seen: [KeyValue] = []
                let header = try await client.rangePages(prefix: "k/", pageSize: 50) { page in
                    pages += 1
                    seen += page.keyValues
                    try await client.put("k/349", "new".bytes)
                    try await client.put("k/999", "new".bytes)
                    try await client.delete("k/348")
                }
                #expect(pages == 5)
                #expect(seen.map(\.key) == (100..<350).map { EtcdKey("k/\($0)") })
                #expect(seen.allSatisfy { $0.value == "old".bytes })
                #expect(seen.allSatisfy { $0.modRevision <= header.revision })

                let later = try await client.rangeAll(prefix: "k/", pageSize: 7)
                #expect(later.keyValues.count == 250)
                let past = try await client.rangeAll(prefix: "k/", revision: header.revision)
                #expect(past.keyValues == seen)
            }
        }
    }

    @Test func aTransactionTakesTheBranchItsComparesDecide() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                let create = Transaction(
                    compares: [.absent("x")],
                    success: [.put("x", "1".bytes), .range(.key("x"))],
                    failure: [.range(.key("x")), .delete("nothing")])
                let first = try await client.transaction(create)
                #expect(first.succeeded)
                #expect(first.responses.count == 2)
                guard case .range(let made) = first.responses.last else {
                    Issue.record("no range in \(first.responses)")
                    return
                }
                #expect(made.keyValues.map(\.modRevision) == [first.header.revision])

                let second = try await client.transaction(create)
                #expect(!second.succeeded)
                guard case .range(let found) = second.responses.first,
                    case .delete(let deleted) = second.responses.last
                else {
                    Issue.record("wrong order in \(second.responses)")
                    return
                }
                #expect(found.keyValues.map(\.value) == ["1".bytes])
                #expect(deleted.deleted == 0)
            }
        }
    }

    @Test(arguments: [
        (Compare("x", .equal, .version(2)), true),
        (Compare("x", .notEqual, .version(2)), false),
        (Compare("x", .greater, .version(1)), true),
        (Compare("x", .less, .version(2)), false),
        (Compare("x", .equal, .value(Array("b".utf8))), true),
        (Compare("x", .less, .value(Array("c".utf8))), true),
        (Compare("x", .greater, .createRevision(0)), true),
        (Compare("x", .equal, .lease(0)), true),
        (Compare.unchanged("x", since: 3), true),
        (Compare.unchanged("x", since: 2), false),
        (Compare.present("x"), true),
        (Compare.absent("x"), false),
        (Compare.absent("y"), true),
        (Compare.unchanged("y", since: 0), true),
    ])
    func comparesHoldAsDocumented(compare: Compare, holds: Bool) async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                try await client.put("x", "a".bytes)
                try await client.put("x", "b".bytes)
                let result = try await client.transaction(Transaction(compares: [compare]))
                #expect(result.succeeded == holds)
            }
        }
    }

    @Test func previousValuesAreReturnedOnRequest() async throws {
        try await withEtcd { etcd in
            try await withClient(etcd) { client in
                try await client.put("x", "a".bytes)
                let result = try await client.transaction(
                    Transaction(success: [
                        .put(PutRequest("x", "b".bytes, returnsPrevious: true)),
                        .delete(DeleteRequest(.prefix("y"), returnsPrevious: true)),
                    ]))
                guard case .put(let put) = result.responses.first else {
                    Issue.record("no put in \(result.responses)")
                    return
                }
                #expect(put.previous?.value == "a".bytes)
            }
        }
    }
}
