package import Documents
package import Domain

extension AuditRecord {
    /// The row as the API shows it; members without a value are absent.
    package var document: JSONValue {
        var object = JSONObject()
        object["seq"] = .number(JSONNumber(seq))
        object["time"] = .string(entry.time.rfc3339)
        object["revision"] = entry.revision.map { .number(JSONNumber($0)) }
        object["clusterId"] = entry.clusterID.map(JSONValue.string)
        object["changeId"] = entry.changeID.map(JSONValue.string)
        object["origin"] = .string(entry.origin.rawValue)
        object["actor"] = .string(entry.actor)
        object["authentication"] = entry.authentication.map(JSONValue.string)
        object["roles"] = entry.roles.map(Self.embedded)
        object["clientAddress"] = entry.clientAddress.map(JSONValue.string)
        object["userAgent"] = entry.userAgent.map(JSONValue.string)
        object["requestId"] = entry.requestID.map(JSONValue.string)
        object["traceparent"] = entry.traceParent.map(JSONValue.string)
        object["idempotencyKeyHash"] = entry.idempotencyKeyHash.map(JSONValue.string)
        object["reason"] = entry.reason.map(JSONValue.string)
        object["ticket"] = entry.ticket.map(JSONValue.string)
        object["verb"] = .string(entry.verb.rawValue)
        object["kind"] = .string(entry.kind)
        object["name"] = .string(entry.name)
        object["region"] = entry.region.map(JSONValue.string)
        object["key"] = entry.key.map(JSONValue.string)
        object["epoch"] = entry.epoch.map { .number(JSONNumber($0)) }
        object["cidrs"] = entry.cidrs.map(Self.embedded)
        object["outcome"] = .string(entry.outcome.rawValue)
        object["status"] = entry.status.map { .number(JSONNumber(Int64($0))) }
        object["problem"] = entry.problem.map(JSONValue.string)
        if entry.isDryRun { object["dryRun"] = true }
        object["warnings"] = entry.warnings.map(Self.embedded)
        if entry.isAfterGap { object["afterGap"] = true }
        object["detail"] = entry.detail.map(Self.embedded)
        object["before"] = entry.before.map(Self.embedded)
        object["after"] = entry.after.map(Self.embedded)
        object["diff"] = diff.map { .array($0.map(\.document)) }
        if let ledger = entry.sourceLedger, let seq = entry.sourceSeq {
            object["importedFrom"] = [
                "ledger": .string(ledger), "seq": .number(JSONNumber(seq)),
                "hash": .string(entry.sourceHash ?? ""),
            ]
        }
        object["prevHash"] = .string(previousHash.description)
        object["hash"] = .string(hash.description)
        return .object(object)
    }

    /// The operations that turn the object before into the one after (RFC 6902); nil unless both are there. Of a
    /// CrossRegionPolicy that is what was written, unless it is the same.
    package var diff: [JSONPatch.Operation]? {
        guard let before = entry.before, let after = entry.after else { return nil }
        let (stored, later) = (Self.embedded(before), Self.embedded(after))
        if let written = CrossRegionPolicy.source(ofStored: stored),
            let rewritten = CrossRegionPolicy.source(ofStored: later), written != rewritten
        {
            return JSONPatch.diff(from: written, to: rewritten)
        }
        return JSONPatch.diff(from: stored, to: later)
    }

    /// The document that a column's text is; the text itself when it is none.
    private static func embedded(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array(text.utf8))) ?? .string(text)
    }
}
