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
        object["clientAddress"] = entry.clientAddress.map(JSONValue.string)
        object["requestId"] = entry.requestID.map(JSONValue.string)
        object["reason"] = entry.reason.map(JSONValue.string)
        object["verb"] = .string(entry.verb.rawValue)
        object["kind"] = .string(entry.kind)
        object["name"] = .string(entry.name)
        object["region"] = entry.region.map(JSONValue.string)
        object["outcome"] = .string(entry.outcome.rawValue)
        object["status"] = entry.status.map { .number(JSONNumber(Int64($0))) }
        if entry.isAfterGap { object["afterGap"] = true }
        object["detail"] = entry.detail.map(Self.embedded)
        object["before"] = entry.before.map(Self.embedded)
        object["after"] = entry.after.map(Self.embedded)
        object["prevHash"] = .string(previousHash.description)
        object["hash"] = .string(hash.description)
        return .object(object)
    }

    /// The document that a column's text is; the text itself when it is none.
    private static func embedded(_ text: String) -> JSONValue {
        (try? JSONParser.parse(Array(text.utf8))) ?? .string(text)
    }
}
