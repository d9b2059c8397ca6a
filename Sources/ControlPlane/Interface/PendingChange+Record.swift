package import Documents
import Domain

/// The form of a pending change in etcd, under `pending/<id>`, and in the ledger's rows about it.
extension PendingChange {
    /// The version of the format that this program writes. A value without a version has version 1.
    static let version: Int64 = 1

    /// The record without a signature.
    package var record: JSONObject {
        var object = JSONObject()
        object["v"] = .number(JSONNumber(Self.version))
        object["id"] = .string(id.text)
        object["requestedAt"] = .string(requestedAt.rfc3339)
        object["expiresAt"] = .string(expiresAt.rfc3339)
        var request = JSONObject()
        requester.write(to: &request)
        object["request"] = .object(request)
        object["grants"] = .array(grants.map(\.document))
        object["credential"] = credential.map(JSONValue.string)
        object["operation"] = operation.document
        object["ifMatch"] = precondition.ifMatch?.document
        object["ifNoneMatch"] = precondition.ifNoneMatch?.document
        if options.strict { object["strict"] = true }
        if options.acknowledgeLegacyLoss { object["acknowledgeLegacyLoss"] = true }
        object["objects"] = .array(objects.map(\.document))
        object["plan"] = .string(plan)
        if !warnings.isEmpty { object["warnings"] = .array(warnings) }
        return object
    }

    /// Reads the value that etcd stores for the pending change `id`. Returns nil if the value does not have the form of
    /// this version, or if its signature is wrong.
    init?(_ id: ChangeID, bytes: [UInt8], _ authenticator: JournalAuthenticator) {
        guard let value = try? JSONParser.parse(bytes), let object = value.objectValue,
            authenticator.isAuthentic(object, pending: id)
        else { return nil }
        self.init(id, value)
    }

    /// Reads a record, for example from the ledger, without checking a signature. Returns nil if the record does not
    /// have the form of this version.
    init?(_ id: ChangeID, _ value: JSONValue) {
        guard FormatVersion(value, known: Self.version) == .known,
            value["id"]?.stringValue == id.text,
            let requester = value["request"].flatMap(ChangeContext.init(journal:)),
            let requestedAt = value["requestedAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
            let expiresAt = value["expiresAt"]?.stringValue.flatMap(Timestamp.init(rfc3339:)),
            let grants = value["grants"]?.arrayValue?.all(Grant.init(_:)),
            let operation = value["operation"].flatMap(ChangeOperation.init(_:)),
            let objects = value["objects"]?.arrayValue?.all(Object.init(_:)),
            let plan = value["plan"]?.stringValue
        else { return nil }
        let (match, noneMatch) = (value["ifMatch"], value["ifNoneMatch"])
        let precondition = Precondition(
            ifMatch: match.flatMap(RevisionMatch.init(_:)),
            ifNoneMatch: noneMatch.flatMap(RevisionMatch.init(_:)))
        guard (match == nil) == (precondition.ifMatch == nil),
            (noneMatch == nil) == (precondition.ifNoneMatch == nil)
        else { return nil }
        self.init(
            id: id, requester: requester, grants: grants,
            credential: value["credential"]?.stringValue, requestedAt: requestedAt,
            expiresAt: expiresAt, operation: operation, precondition: precondition,
            options: ChangeOptions(
                strict: value["strict"]?.boolValue ?? false,
                acknowledgeLegacyLoss: value["acknowledgeLegacyLoss"]?.boolValue ?? false),
            objects: objects, plan: plan, warnings: value["warnings"]?.arrayValue ?? [])
    }
}

extension Array {
    /// Returns the converted elements; nil if one of them cannot be converted.
    fileprivate func all<Value>(_ convert: (Element) -> Value?) -> [Value]? {
        let values = compactMap(convert)
        return values.count == count ? values : nil
    }
}

extension ChangeOperation {
    fileprivate var document: JSONValue {
        var object = JSONObject()
        object["verb"] = .string(verb)
        switch self {
        case .put(let name, let document), .patch(let name, let document):
            name.write(to: &object)
            object["document"] = document
        case .delete(let name): name.write(to: &object)
        case .allocateSubnet(let region, let document):
            object["region"] = .string(region)
            object["document"] = document
        case .apply(let manifest, let prune):
            object["documents"] = .array(manifest.items.map(\.document))
            // Stores the line of each document, because messages name the lines.
            object["lines"] = .array(
                manifest.places.lines.map { line in
                    line.map { JSONValue.number(JSONNumber(Int64($0))) } ?? .null
                })
            object["prune"] = prune.map { .string($0.description) }
        case .settle: break
        }
        return .object(object)
    }

    fileprivate init?(_ value: JSONValue) {
        let name = ObjectName(value)
        switch (value["verb"]?.stringValue, name, value["document"]) {
        case ("put", let name?, let document?): self = .put(name, document)
        case ("patch", let name?, let document?): self = .patch(name, document)
        case ("delete", let name?, _): self = .delete(name)
        case ("allocate", _, let document?):
            guard let region = value["region"]?.stringValue else { return nil }
            self = .allocateSubnet(region: region, document)
        case ("apply", _, _):
            guard let documents = value["documents"]?.arrayValue else { return nil }
            let lines = (value["lines"]?.arrayValue ?? []).map { $0.numberValue?.int64 }
            let manifest = Manifest(
                documents.enumerated().map { index, document in
                    let line = index < lines.count ? lines[index] : nil
                    return StreamedDocument(document, line: line.map { Int($0) })
                })
            var prune: Selector?
            if let text = value["prune"]?.stringValue {
                guard let selector = try? Selector(parsing: text) else { return nil }
                prune = selector
            }
            self = .apply(manifest, prune: prune)
        default: return nil
        }
    }
}

extension ObjectName {
    fileprivate func write(to object: inout JSONObject) {
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
    }

    fileprivate init?(_ value: JSONValue) {
        guard let kind = value["kind"]?.stringValue, let name = value["name"]?.stringValue else {
            return nil
        }
        self.init(kind: kind, name: name, region: value["region"]?.stringValue)
    }
}

extension RevisionMatch {
    fileprivate var document: JSONValue {
        switch self {
        case .any: "*"
        case .oneOf(let revisions): .array(revisions.map { .number(JSONNumber($0)) })
        }
    }

    fileprivate init?(_ value: JSONValue) {
        if value.stringValue == "*" {
            self = .any
        } else if let revisions = value.arrayValue?.all({ $0.numberValue?.int64 }) {
            self = .oneOf(revisions)
        } else {
            return nil
        }
    }
}

extension Grant {
    fileprivate var document: JSONValue {
        var object = JSONObject()
        object["role"] = .string(role.rawValue)
        object["regions"] = regions.document
        object["kinds"] = kinds.map { .array($0.sorted().map(JSONValue.string)) }
        return .object(object)
    }

    fileprivate init?(_ value: JSONValue) {
        guard let role = value["role"]?.stringValue.flatMap(Role.init(rawValue:)),
            let regions = value["regions"].flatMap(RegionSet.init(document:))
        else { return nil }
        var kinds: Set<String>?
        if let list = value["kinds"] {
            guard let texts = list.arrayValue?.all(\.stringValue) else { return nil }
            kinds = Set(texts)
        }
        self.init(role, regions: regions, kinds: kinds)
    }
}

extension PendingChange.Object {
    package var document: JSONValue {
        var object = JSONObject()
        object["verb"] = .string(verb.rawValue)
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
        object["regions"] = reach.document
        return .object(object)
    }

    fileprivate init?(_ value: JSONValue) {
        guard let verb = value["verb"]?.stringValue.flatMap(ChangeVerb.init(rawValue:)),
            let kind = value["kind"]?.stringValue, let name = value["name"]?.stringValue,
            let reach = value["regions"].flatMap(RegionSet.init(document:))
        else { return nil }
        self.init(
            verb: verb, kind: kind, name: name, region: value["region"]?.stringValue, reach: reach)
    }
}
