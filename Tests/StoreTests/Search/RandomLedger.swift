import Domain
import Store
import TestSupport

/// Makes random rows and filters. Each column has only a few values, so that filters find rows.
struct RandomLedger {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func rows(_ count: Int) -> [AuditRecord.Draft] { (0..<count).map { _ in row() } }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: values.indices, using: &generator)]
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &generator) < percent
    }

    private mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
        Int64.random(in: range, using: &generator)
    }

    private mutating func row() -> AuditRecord.Draft {
        var row = AuditRecord.Draft(
            time: Timestamp(microseconds: number(0...60)),
            origin: pick([.api, .api, .external, .system]),
            actor: pick(["alice", "bob", "anonymous@127.0.0.1"]),
            verb: pick(AuditRecord.Verb.allCases),
            kind: pick(["Subnet", "Region", "NetworkPolicy", "CrossRegionPolicy"]),
            name: pick(["web-1", "web-2", "db", "größe"]),
            region: pick([nil, "xyz-west", "xyz-east"]),
            outcome: pick([.accepted, .accepted, .refused, .failed]))
        row.changeID = pick([nil, "C1", "C2", "C3"])
        if chance(60) { (row.revision, row.epoch) = (number(1...20), number(1...2)) }
        row.authentication = pick([nil, "none", "asserted"])
        row.roles = pick([nil, #"["admin"]"#, #"["reader","net admin"]"#, #"["a\"b"]"#])
        row.clientAddress = pick([nil, "127.0.0.1", "::1"])
        row.userAgent = pick([nil, "curl/8", "terraform"])
        row.requestID = pick([nil, "req-1", "req-2"])
        row.traceParent = pick([nil, Self.trace(1), Self.trace(2)])
        row.idempotencyKeyHash = pick([nil, String(repeating: "ab", count: 32)])
        row.reason = pick([nil, "opened port 22.", "cleanup of ticket NET-1", "Größe: 10.1.0.0/16"])
        row.ticket = pick([nil, "NET-1", "NET-2"])
        row.approval = pick(Self.approvals)
        row.key = pick([nil, "/calico/a", "/calico/b"])
        row.problem = pick([nil, "overlap", "validation"])
        row.isDryRun = chance(20)
        row.isAfterGap = chance(10)
        row.clusterID = pick([nil, LedgerFixture.cluster])
        row.status = pick([nil, 200, 201, 409])
        row.detail = pick([nil, #"{"detail":"the block overlaps web-2"}"#, "no JSON"])
        row.cidrs = networks()
        row.before = pick([nil] + Self.bodies)
        row.after = pick([nil] + Self.bodies)
        return row
    }

    private static let approvals: [String?] = [
        nil, #"{"requestedBy":"alice","confirmedBy":"bob"}"#, #"{"requestedBy":"bob"}"#,
        #"{"breakGlass":true}"#, #"{"requestedBy":7}"#, "no JSON", #"["requestedBy"]"#,
    ]

    private static func trace(_ digit: Int) -> String {
        "00-" + String(repeating: "\(digit)", count: 32) + "-00f067aa0ba902b7-01"
    }

    private static let bodies = [
        #"{"spec":{"ingress":[{"action":"Allow","ports":[22]}],"order":1}}"#,
        #"{"spec":{"ingress":[{"action":"Allow","ports":[22,443]}],"order":1}}"#,
        #"{"spec":{"egress":[],"order":2},"nets":["10.1.0.0/16"]}"#,
        #"{"labels":{"a/b":"web-1 and \"db\""}}"#,
    ]

    private static let blocks = [
        "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "10.2.0.0/16",
        "192.168.0.0/24", "::/0", "2001:db8::/32", "2001:db8:1::/48",
    ]

    private mutating func networks() -> String? {
        guard chance(60) else { return nil }
        let count = Int(number(1...3))
        return "[" + (0..<count).map { _ in "\"\(pick(Self.blocks))\"" }.joined(separator: ",")
            + "]"
    }
}

extension RandomLedger {
    /// Returns a filter with one to three conditions, most of them on values that some row has.
    mutating func filter(like rows: [AuditRecord]) -> AuditFilter {
        var filter = AuditFilter()
        let sample = pick(rows)
        for _ in 0..<number(1...3) { restrict(&filter, like: sample.entry) }
        return filter
    }

    private mutating func restrict(_ filter: inout AuditFilter, like row: AuditRecord.Draft) {
        switch number(0...30) {
        case 0: filter.kind = row.kind
        case 1: filter.name = row.name
        case 2: filter.region = row.region
        case 3: filter.actor = row.actor
        case 4: filter.authentication = row.authentication
        case 5: filter.role = pick(["admin", "net admin", "reader", "a\"b", "net", "dmin"])
        case 6: filter.origin = row.origin
        case 7: filter.verb = row.verb
        case 8: filter.outcome = row.outcome
        case 9: filter.status = row.status.map(Int64.init)
        case 10: filter.problem = row.problem
        case 11: filter.change = row.changeID
        case 12: filter.revision = row.revision
        case 13: filter.epoch = row.epoch
        case 14: filter.requestID = row.requestID
        case 15: filter.trace = row.traceParent
        case 16: filter.trace = row.traceParent.map { String($0.dropFirst(3).prefix(32)) }
        case 17: filter.idempotencyKeyHash = row.idempotencyKeyHash
        case 18: filter.ticket = row.ticket
        case 19: filter.reason = row.reason
        case 20: filter.clientAddress = row.clientAddress
        case 21: filter.userAgent = row.userAgent
        case 22: filter.key = row.key
        case 23: filter.isDryRun = chance(50)
        case 24: filter.isAfterGap = chance(50)
        case 25: filter.clusterID = row.clusterID
        case 26: filter.since = Timestamp(microseconds: number(0...60))
        case 27: filter.until = Timestamp(microseconds: number(0...60))
        case 28: filter.field = AuditField(pointer: pick(Self.pointers))
        case 29: filter.requestedBy = pick(["alice", "bob", "7"])
        default:
            guard let block = try? CIDR(parsing: pick(Self.blocks)) else { return }
            filter.network = AuditNetwork(block, pick(AuditNetwork.Relation.allCases))
        }
    }

    private static let pointers = [
        "", "/spec", "/spec/ingress", "/spec/ingress/0/ports/1", "/spec/order", "/labels/a~1b",
        "/x",
    ]

    /// Returns words that some rows have, in the forms that a search accepts.
    mutating func text() -> String {
        let words = [
            "web-1", "\"port 22\"", "22", "NET-1", "ingr*", "10.1.0.0/16", "alice", "127.0.0.1",
            "\"ports 22 443\"*", "db", "overlaps", "nothing-here", "anonymous@127.0.0.1", "order",
        ]
        return (0..<number(1...2)).map { _ in pick(words) }.joined(separator: " ")
    }
}
