package import Documents

/// A selection of rows of the ledger. A member that is nil does not restrict the selection.
package struct AuditFilter: Hashable, Sendable {
    package var kind: String?
    package var name: String?
    package var region: String?
    package var actor: String?
    package var authentication: String?
    /// A role that the actor must have.
    package var role: String?
    package var origin: AuditRecord.Origin?
    package var verb: AuditRecord.Verb?
    package var outcome: AuditRecord.Outcome?
    package var status: Int64?
    package var problem: String?
    /// The change id.
    package var change: String?
    package var revision: Int64?
    package var epoch: Int64?
    package var requestID: String?
    /// A whole `traceparent`, or the 32 hex digits of its trace id.
    package var trace: String?
    package var idempotencyKeyHash: String?
    package var ticket: String?
    package var reason: String?
    /// The person who requested a change that needed a second person.
    package var requestedBy: String?
    package var clientAddress: String?
    package var userAgent: String?
    /// The etcd key.
    package var key: String?
    package var isDryRun: Bool?
    package var isAfterGap: Bool?
    package var clusterID: String?
    /// The start of the time range, inclusive.
    package var since: Timestamp?
    /// The end of the time range, exclusive.
    package var until: Timestamp?
    package var network: AuditNetwork?
    /// A field of the object. The change must have altered the field's value.
    package var field: AuditField?
    package var text: AuditText?
    /// The number of the last row that can match.
    package var lastSeq: Int64?

    package init() {}

    package init(
        kind: String? = nil, name: String? = nil, region: String? = nil, actor: String? = nil,
        origin: AuditRecord.Origin? = nil, verb: AuditRecord.Verb? = nil,
        outcome: AuditRecord.Outcome? = nil, change: String? = nil,
        since: Timestamp? = nil, until: Timestamp? = nil
    ) {
        self.kind = kind
        self.name = name
        self.region = region
        self.actor = actor
        self.origin = origin
        self.verb = verb
        self.outcome = outcome
        self.change = change
        self.since = since
        self.until = until
    }

    /// True if the filter leaves out rows about reads of the audit log. A search for words leaves these rows out,
    /// because the search would otherwise find earlier searches for the same words. A filter that asks for reads keeps
    /// these rows.
    package var leavesOutReads: Bool {
        text != nil && verb != .read && kind != AuditKind.auditLog.rawValue
    }

    /// Returns true if `text` is a trace id, false if it is a whole `traceparent`.
    package static func isTraceID(_ text: String) -> Bool { text.utf8.count == 32 }
}

/// A condition that at least one network of a row must satisfy: a relation to a block of addresses.
package struct AuditNetwork: Hashable, Sendable {
    /// The relation of the row's network to the block.
    package enum Relation: String, CaseIterable, Sendable {
        case exact
        /// The network is in the block.
        case within
        /// The network contains the block.
        case contains
        /// The network and the block share an address.
        case overlaps
    }

    package var block: CIDR
    package var relation: Relation

    package init(_ block: CIDR, _ relation: Relation) {
        self.block = block
        self.relation = relation
    }

    package func matches(_ network: CIDR) -> Bool {
        switch relation {
        case .exact: network == block
        case .within: block.contains(network)
        case .contains: network.contains(block)
        case .overlaps: network.overlaps(block)
        }
    }
}

/// A field of an object, named by a JSON pointer (RFC 6901).
package struct AuditField: Hashable, Sendable {
    package let pointer: String
    private let path: [String]

    /// Returns nil if `pointer` is not a JSON pointer. A JSON pointer is empty or begins with `/`. In the names between
    /// the slashes, `~` is written `~0` and `/` is written `~1`.
    package init?(pointer: String) {
        guard pointer.isEmpty || pointer.utf8.first == UInt8(ascii: "/") else { return nil }
        let escapes = pointer.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
        guard escapes.allSatisfy({ $0.hasPrefix("0") || $0.hasPrefix("1") }) else { return nil }
        self.pointer = pointer
        path = JSONPointer.tokens(pointer)
    }

    /// Returns true if the field has different values in the two documents. Also returns true if only one document has
    /// the field. Objects and arrays differ if any part of them differs.
    package func differs(_ before: JSONValue?, _ after: JSONValue?) -> Bool {
        before.flatMap(value) != after.flatMap(value)
    }

    private func value(in document: JSONValue) -> JSONValue? {
        var value = document
        for token in path {
            switch value {
            case .object(let object):
                guard let member = object[token] else { return nil }
                value = member
            case .array(let elements):
                // RFC 6901 allows neither leading zeros nor a sign in an index.
                guard let index = Int(token), String(index) == token,
                    elements.indices.contains(index)
                else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }
}

extension AuditFilter {
    /// Returns true if the row matches the filter.
    package func matches(_ record: AuditRecord) -> Bool {
        AuditColumn.filtered.allSatisfy { $0.matches(self, record) }
            && isInRange(record) && !(leavesOutReads && record.verb == .read)
            && matchesNetworks(record) && matchesField(record)
            && (text.map { $0.matches(record) } ?? true)
    }

    private func isInRange(_ record: AuditRecord) -> Bool {
        (since.map { record.time >= $0 } ?? true) && (until.map { record.time < $0 } ?? true)
            && (lastSeq.map { record.seq <= $0 } ?? true)
    }

    /// Returns true if one of the row's networks matches, or if the filter asks for no network.
    package func matchesNetworks(_ record: AuditRecord) -> Bool {
        guard let network else { return true }
        return Self.strings(record.cidrs).contains { text in
            (try? CIDR(parsing: text)).map(network.matches) ?? false
        }
    }

    /// Returns true if the row changes the filter's field, or if the filter asks for no field.
    package func matchesField(_ record: AuditRecord) -> Bool {
        guard let field else { return true }
        let (before, after) = (Self.document(record.before), Self.document(record.after))
        if field.differs(before, after) { return true }
        // For a CrossRegionPolicy, compares the sources as well, because the pointer may refer to a field of the
        // source. The row holds the stored policy, and an annotation of the stored policy holds the source.
        guard record.entry.isAbout(kind: CrossRegionPolicy.kind) else { return false }
        return field.differs(
            before.flatMap(CrossRegionPolicy.source), after.flatMap(CrossRegionPolicy.source))
    }

    static func isTrace(_ asked: String, _ traceParent: String?) -> Bool {
        guard let traceParent else { return false }
        guard isTraceID(asked) else { return traceParent == asked }
        let parts = traceParent.split(separator: "-")
        return parts.count > 1 && parts[1] == asked
    }

    /// Returns the person who requested the change, from the value of the column `approval`; nil if there is none.
    static func requester(_ approval: String?) -> String? {
        document(approval)?["requestedBy"]?.stringValue
    }

    static func strings(_ text: String?) -> [String] {
        (document(text)?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private static func document(_ text: String?) -> JSONValue? {
        // A column that is not JSON becomes a JSON string.
        text.map { (try? JSONParser.parse(Array($0.utf8))) ?? .string($0) }
    }
}
