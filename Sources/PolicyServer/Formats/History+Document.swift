import ControlPlane
import Documents
import Domain
import Store

extension ObjectVersion {
    /// The version as the API shows it; members without a value are absent.
    var document: JSONValue {
        var object = JSONObject()
        object["revision"] = .number(JSONNumber(place.revision))
        object["epoch"] = .number(JSONNumber(place.epoch))
        object["time"] = row.map { .string($0.time.rfc3339) }
        object["seq"] = row.map { .number(JSONNumber($0.seq)) }
        object["changeId"] = row?.changeID.map(JSONValue.string)
        object["actor"] = row.map { .string($0.actor) }
        object["origin"] = row.map { .string($0.origin.rawValue) }
        object["reason"] = row?.reason.map(JSONValue.string)
        object["ticket"] = row?.ticket.map(JSONValue.string)
        object["verb"] = .string(verb.rawValue)
        if row?.isAfterGap == true { object["afterGap"] = true }
        object["document"] = representation
        object["diff"] = diff.map { .array($0.map(\.document)) }
        return .object(object)
    }
}

extension ObjectDifference {
    var document: JSONValue {
        var object = JSONObject()
        object["verb"] = .string(verb.rawValue)
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
        object["key"] = .string(key)
        object["before"] = before
        object["after"] = after
        object["diff"] = diff.map { .array($0.map(\.document)) }
        return .object(object)
    }
}
