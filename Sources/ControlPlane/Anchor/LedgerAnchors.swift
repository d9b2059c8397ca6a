import Documents
import Domain
package import Etcd
package import Store

/// The checkpoints in etcd: the ledgers' anchors, and the evidence that contradicts this ledger.
package struct LedgerAnchors: Sendable {
    /// The newest checkpoint of another ledger.
    package struct Other: Sendable {
        package var ledger: String
        package var signed: SignedCheckpoint
    }

    /// The anchor of this ledger; nil if absent or malformed.
    package private(set) var anchor: OutsideCheckpoint?
    package private(set) var evidence: [OutsideCheckpoint] = []
    /// The number of evidence keys, including keys without a valid checkpoint.
    package private(set) var evidenceCount = 0
    /// The anchors of all other ledgers, such as the ledgers of replicas and ledgers that were replaced.
    package private(set) var others: [Other] = []

    /// Reads the checkpoints from etcd. Throws `EtcdError`.
    package init(from store: any KeyValueStore, ledger: String) async throws {
        let own = Keyspace.anchor(ledger: ledger)
        let evidencePrefix = Keyspace.evidencePrefix(ledger: ledger).description
        for keyValue in try await store.rangeAll(prefix: Keyspace.anchorPrefix).keyValues {
            let signed = SignedCheckpoint(String(decoding: keyValue.value, as: UTF8.self))
            let checkpoint = signed.map { OutsideCheckpoint(source: "etcd", signed: $0) }
            if keyValue.key == own {
                anchor = checkpoint
            } else if keyValue.key.description.hasPrefix(evidencePrefix) {
                evidenceCount += 1
                evidence += [checkpoint].compactMap(\.self)
            } else if let signed, let id = Keyspace.ledger(ofAnchor: keyValue.key) {
                others.append(Other(ledger: id, signed: signed))
            }
        }
    }
}

extension [LedgerAnchors.Other] {
    /// Returns the anchors that are signed with one of `keys`. To find the ledgers that this ledger replaced, the
    /// caller passes the keys of this ledger and of all earlier ledgers in the same data folder.
    func signed(withOneOf keys: [VerifierKey]) -> [LedgerAnchors.Other] {
        filter { other in keys.contains { other.signed.note.isSigned(withKeyOf: $0) } }
    }
}

/// A disagreement between the ledger's rows and its anchor in etcd. Either rows were lost or changed, or the anchor was
/// changed.
struct LedgerMismatch: Sendable, Equatable {
    /// A description of the disagreement.
    var reason: String
    /// The anchored checkpoint; nil if it cannot be read.
    var anchored: Checkpoint?
    /// The number of rows in the ledger.
    var size: Int64
    /// The root over the first `anchored.size` rows of the ledger, or over all rows if the ledger has fewer. Nil if the
    /// root could not be computed.
    var root: AuditHash?

    /// Returns the ledger row of the mismatch.
    func row(time: Timestamp) -> AuditRecord.Draft {
        .own(.observe, .ledger, Self.rowName, detail: document, at: time)
    }

    static let rowName = "mismatch"

    /// Returns the row that reports a missing anchor. `last` is the newest checkpoint that an earlier run signed.
    static func missingAnchor(_ last: Checkpoint, time: Timestamp) -> AuditRecord.Draft {
        let detail: JSONValue = [
            "reason": "etcd holds no checkpoint of this ledger",
            "signedSize": .number(JSONNumber(last.size)),
            "signedRoot": .string(last.root.description),
        ]
        return .own(.observe, .ledger, "anchor", detail: detail, at: time)
    }

    private var document: JSONValue {
        var object = JSONObject()
        object["reason"] = .string(reason)
        object["anchoredSize"] = anchored.map { .number(JSONNumber($0.size)) }
        object["anchoredRoot"] = anchored.map { .string($0.root.description) }
        object["size"] = .number(JSONNumber(size))
        object["root"] = root.map { .string($0.description) }
        return .object(object)
    }

    /// Returns true if `row` reports the reason and the anchored checkpoint of this mismatch.
    func isReported(by row: AuditRecord) -> Bool {
        guard let detail = row.detail, let value = try? JSONParser.parse(Array(detail.utf8)) else {
            return false
        }
        return value["anchoredSize"]?.numberValue?.int64 == anchored?.size
            && value["anchoredRoot"]?.stringValue == anchored?.root.description
            && value["reason"]?.stringValue == reason
    }
}
