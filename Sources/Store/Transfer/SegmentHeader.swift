package import Documents
package import Domain

/// The first line of a segment: which rows of which ledger follow, and what they know.
package struct SegmentHeader: Hashable, Sendable {
    /// Which rows, and in which order.
    package enum Order: String, CaseIterable, Sendable {
        /// Every row, by number.
        case seq
        /// The rows that etcd decided, by revision.
        case revision
    }

    /// Name and version of the format.
    static let format = "policy-server-audit/1"

    /// Far more than etcd is ever restored: with more, the first line is not what a ledger wrote.
    static let largestEpoch: Int64 = 1 << 31
    static let largestRevision: Int64 = 1 << 62

    package var order = Order.seq
    /// Identity of the ledger, 32 lower-case hex digits.
    package var ledger: String
    /// The etcd cluster that the ledger follows; nil before it follows one.
    package var clusterID: String?
    /// The ledger's newest epoch.
    package var epoch: Int64
    /// The ranges of revisions of which the segment has every change.
    package var coverage: [Coverage]
    /// Number of the first row; one more than `lastSeq` when there is none.
    package var firstSeq: Int64
    package var lastSeq: Int64
    /// `hash` of the row before the first.
    package var previousHash: AuditHash
    package var exportedAt: Timestamp
    /// Version of the program that wrote it.
    package var version: String
}

extension SegmentHeader {
    /// The line, without line feed.
    package var line: [UInt8] {
        var object = JSONObject()
        object["format"] = .string(Self.format)
        object["order"] = .string(order.rawValue)
        object["ledger"] = .string(ledger)
        object["clusterId"] = clusterID.map(JSONValue.string)
        object["epoch"] = .number(JSONNumber(epoch))
        object["coverage"] = .array(coverage.map(\.document))
        object["firstSeq"] = .number(JSONNumber(firstSeq))
        object["lastSeq"] = .number(JSONNumber(lastSeq))
        object["prevHash"] = .string(previousHash.description)
        object["exportedAt"] = .string(exportedAt.rfc3339)
        object["version"] = .string(version)
        return JSONSerializer.bytes(.object(object))
    }

    /// Reads what `line` writes; nil for anything else.
    package init?(line: [UInt8]) {
        guard let document = try? JSONParser.parse(line),
            document["format"]?.stringValue == Self.format,
            let order = document["order"]?.stringValue.flatMap(Order.init),
            let ledger = document["ledger"]?.stringValue,
            let epoch = document["epoch"]?.integer,
            let coverage = document["coverage"]?.arrayValue,
            let firstSeq = document["firstSeq"]?.integer, firstSeq >= 1,
            let lastSeq = document["lastSeq"]?.integer, lastSeq >= firstSeq - 1,
            let hash = document["prevHash"]?.stringValue.flatMap(AuditHash.init(hex:)),
            let exportedAt = document["exportedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
            let version = document["version"]?.stringValue
        else { return nil }
        self.order = order
        self.ledger = ledger
        self.clusterID = document["clusterId"]?.stringValue
        self.epoch = epoch
        self.coverage = coverage.compactMap(Coverage.init)
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.previousHash = hash
        self.exportedAt = exportedAt
        self.version = version
        guard self.coverage.count == coverage.count,
            (0...Self.largestEpoch).contains(epoch), self.coverage.allSatisfy(isSane)
        else { return nil }
    }

    private func isSane(_ range: Coverage) -> Bool {
        (-Self.largestEpoch...epoch).contains(range.epoch) && range.first >= 0
            && (0...Self.largestRevision).contains(range.last)
    }
}

extension Coverage {
    package var document: JSONValue {
        [
            "epoch": .number(JSONNumber(epoch)), "first": .number(JSONNumber(first)),
            "last": .number(JSONNumber(last)),
        ]
    }

    fileprivate init?(_ document: JSONValue) {
        guard let epoch = document["epoch"]?.integer, let first = document["first"]?.integer,
            let last = document["last"]?.integer
        else { return nil }
        self.init(epoch: epoch, first: first, last: last)
    }
}

extension JSONValue {
    /// The number if it is an integer of 64 bits.
    var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.int64
    }
}

extension AuditHash {
    /// From 64 lower-case hex digits.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 2 * Self.byteCount else { return nil }
        let values = digits.compactMap { digit -> UInt8? in
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x61 + 10
            default: nil
            }
        }
        guard values.count == digits.count else { return nil }
        self.init(stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] })
    }
}
