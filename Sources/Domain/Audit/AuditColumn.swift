/// A column of the ledger's table `audit`.
///
/// `all` is the only list of the columns. All code about columns uses this list: writing and reading rows, the
/// canonical form for the hash, segments, the API's documents, CSV, CADF and the filters. So a new column needs a
/// property of `AuditRecord.Draft`, an entry in `all` and a schema step.
///
/// The type is a class, because `all` is used for every row that is written or read. A struct with so many parts would
/// be copied each time.
package final class AuditColumn: Sendable {
    /// A key path to a property of a draft.
    package typealias Path<Value> = any WritableKeyPath<AuditRecord.Draft, Value> & Sendable

    /// The part of a row that the column holds.
    package enum Content: Sendable {
        case seq, previousHash, hash
        /// The time of the row, stored as microseconds since 1970.
        case time
        case origin, verb, outcome
        case text(Path<String>)
        /// A string, stored as NULL if it is nil.
        case optionalText(Path<String?>)
        /// An integer, stored as NULL if it is nil.
        case optionalInteger(Path<Int64?>)
        /// A boolean, stored as 0 or 1.
        case flag(Path<Bool>)
        /// A boolean, stored as NULL for false and as 1 for true. Rows that are older than the column have NULL.
        case rareFlag(Path<Bool>)
    }

    /// The types of columns in a STRICT table of SQLite.
    package enum SQLType: String, Sendable {
        case text = "TEXT"
        case integer = "INTEGER"
        case blob = "BLOB"
    }

    /// The position of the column in the API's document of a row.
    package enum Member: Sendable, ExpressibleByStringLiteral {
        case plain(String)
        /// A member that contains the column's JSON text as a JSON value, and not as a string.
        case json(String)
        /// A member of an object. The object is the value of the member `of`.
        case part(String, of: String)

        package init(stringLiteral name: String) { self = .plain(name) }
    }

    /// The position of the column in a CADF event.
    package enum EventPlace: Hashable, Sendable {
        /// A standard member of CADF.
        case member
        /// A tag. The number determines the order among the tags.
        case tag(Int)
        /// An attachment. The number determines the order among the attachments.
        case attachment(Int)
    }

    /// The name in table `audit`, which is also the key in the canonical form.
    package let name: String
    package let content: Content
    /// The member in the API's document; nil for a column that the API does not show.
    package let member: Member?
    /// The position of the column among the columns of CSV; nil for a column that CSV does not have. Only every tenth
    /// number is used, to leave room for new columns.
    package let csv: Int?
    package let event: EventPlace?
    package let filter: AuditColumnFilter?
    /// The name of the column as UTF-8.
    package let key: [UInt8]

    init(
        _ name: String, _ content: Content, _ member: Member?, csv: Int? = nil,
        event: EventPlace? = nil, filter: AuditColumnFilter? = nil
    ) {
        self.name = name
        self.content = content
        self.member = member
        self.csv = csv
        self.event = event
        self.filter = filter
        key = Array(name.utf8)
    }

    package var type: SQLType {
        switch content {
        case .previousHash, .hash: .blob
        case .seq, .time, .optionalInteger, .flag, .rareFlag: .integer
        case .origin, .verb, .outcome, .text, .optionalText: .text
        }
    }

    /// Every column, in the order of the API's document.
    package static let all: [AuditColumn] = [
        AuditColumn("seq", .seq, "seq", csv: 10, event: .tag(7)),
        AuditColumn("time", .time, "time", csv: 20, event: .member),
        AuditColumn(
            "revision", .optionalInteger(\.revision), "revision", csv: 250, event: .tag(6),
            filter: .number("revision", \.revision)),
        AuditColumn(
            "cluster_id", .optionalText(\.clusterID), "clusterId", csv: 270,
            filter: .text("cluster", \.clusterID)),
        AuditColumn(
            "change_id", .optionalText(\.changeID), "changeId", csv: 280, event: .tag(4),
            filter: .text("change", \.change)),
        AuditColumn("origin", .origin, "origin", csv: 30, event: .member, filter: .origin),
        AuditColumn(
            "actor", .text(\.actor), "actor", csv: 40, event: .member,
            filter: .text("actor", \.actor)),
        AuditColumn(
            "authentication", .optionalText(\.authentication), "authentication", csv: 50,
            event: .member, filter: .text("authentication", \.authentication)),
        AuditColumn(
            "roles", .optionalText(\.roles), .json("roles"), csv: 60, event: .member,
            filter: .role("role", \.role)),
        AuditColumn(
            "client_address", .optionalText(\.clientAddress), "clientAddress", csv: 70,
            event: .member, filter: .text("clientAddress", \.clientAddress)),
        AuditColumn(
            "user_agent", .optionalText(\.userAgent), "userAgent", csv: 80, event: .member,
            filter: .text("userAgent", \.userAgent)),
        AuditColumn(
            "request_id", .optionalText(\.requestID), "requestId", csv: 90, event: .tag(5),
            filter: .text("requestId", \.requestID, expected: "a request's X-Request-Id")),
        AuditColumn(
            "trace_parent", .optionalText(\.traceParent), "traceparent", csv: 100,
            filter: .trace("trace", \.trace)),
        AuditColumn(
            "idempotency_key", .optionalText(\.idempotencyKeyHash), "idempotencyKeyHash", csv: 110,
            filter: .text("idempotencyKey", \.idempotencyKeyHash)),
        AuditColumn(
            "reason", .optionalText(\.reason), "reason", csv: 120, event: .attachment(4),
            filter: .text("reason", \.reason, expected: "a whole reason, as in X-Reason")),
        AuditColumn(
            "ticket", .optionalText(\.ticket), "ticket", csv: 130, event: .tag(3),
            filter: .text(
                "ticket", \.ticket, expected: "a ticket such as CHG-4711, as in X-Ticket")),
        AuditColumn(
            "approval", .optionalText(\.approval), .json("approval"), csv: 370,
            event: .attachment(6), filter: .requester("requestedBy", \.requestedBy)),
        AuditColumn("verb", .verb, "verb", csv: 140, event: .member, filter: .verb),
        AuditColumn(
            "kind", .text(\.kind), "kind", csv: 150, event: .tag(1), filter: .kind("kind", \.kind)),
        AuditColumn(
            "name", .text(\.name), "name", csv: 160, event: .member, filter: .text("name", \.name)),
        AuditColumn(
            "region", .optionalText(\.region), "region", csv: 170, event: .tag(2),
            filter: .text("region", \.region, expected: "a region's name such as west")),
        AuditColumn(
            "key", .optionalText(\.key), "key", csv: 240, event: .member,
            filter: .text("key", \.key)),
        AuditColumn(
            "epoch", .optionalInteger(\.epoch), "epoch", csv: 260, filter: .number("epoch", \.epoch)
        ),
        AuditColumn("cidrs", .optionalText(\.cidrs), .json("cidrs"), csv: 230),
        AuditColumn("outcome", .outcome, "outcome", csv: 180, event: .member, filter: .outcome),
        AuditColumn(
            "status", .optionalInteger(\.statusNumber), "status", csv: 190, event: .member,
            filter: .number("status", \.status, in: 100...599)),
        AuditColumn(
            "problem", .optionalText(\.problem), "problem", csv: 200, event: .member,
            filter: .text("problem", \.problem)),
        AuditColumn(
            "dry_run", .rareFlag(\.isDryRun), "dryRun", csv: 210,
            filter: .flag("dryRun", \.isDryRun)),
        AuditColumn(
            "warnings", .optionalText(\.warnings), .json("warnings"), csv: 290,
            event: .attachment(5)),
        AuditColumn(
            "gap", .flag(\.isAfterGap), "afterGap", csv: 220,
            filter: .flag("afterGap", \.isAfterGap)),
        AuditColumn(
            "detail", .optionalText(\.detail), .json("detail"), csv: 300, event: .attachment(3)),
        AuditColumn(
            "before", .optionalText(\.before), .json("before"), csv: 310, event: .attachment(1)),
        AuditColumn(
            "after", .optionalText(\.after), .json("after"), csv: 320, event: .attachment(2)),
        AuditColumn(
            "source_ledger", .optionalText(\.sourceLedger), .part("ledger", of: "importedFrom"),
            csv: 340),
        AuditColumn(
            "source_seq", .optionalInteger(\.sourceSeq), .part("seq", of: "importedFrom")),
        AuditColumn(
            "source_hash", .optionalText(\.sourceHash), .part("hash", of: "importedFrom")),
        AuditColumn("prev_hash", .previousHash, "prevHash", csv: 350),
        AuditColumn("hash", .hash, "hash", csv: 360, event: .member),
    ]

    /// The columns that are hashed, in the order of the canonical form: all columns except `hash`, sorted by name.
    package static let hashed = all.filter { $0.name != "hash" }.sorted {
        $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
    }

    /// The columns that a search can filter by.
    package static let filtered = all.filter { $0.filter != nil }
}

extension AuditRecord.Draft {
    /// The status as a 64-bit integer, which is the type of the column.
    var statusNumber: Int64? {
        get { status.map(Int64.init) }
        set { status = newValue.map { Int(truncatingIfNeeded: $0) } }
    }
}
