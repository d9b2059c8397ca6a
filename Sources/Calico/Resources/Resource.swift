package import Documents
import Domain

/// A stored Calico v3 resource. It keeps all members of the stored object, including members that this server does not
/// know.
package struct Resource: Sendable, Equatable {
    package static let apiVersion = "projectcalico.org/v3"

    package var key: ResourceKey
    /// The whole stored object.
    package var document: JSONValue

    package init(key: ResourceKey, document: JSONValue) {
        self.key = key
        self.document = document
    }

    /// Reads stored bytes. Returns nil if the bytes are not a JSON object. Calico skips such values when it lists
    /// objects, so this server treats the object as absent.
    package init?(key: ResourceKey, bytes: [UInt8]) {
        guard let document = try? JSONParser.parse(bytes), case .object = document else {
            return nil
        }
        self.init(key: key, document: document)
    }

    package var metadata: JSONObject { document["metadata"]?.objectValue ?? JSONObject() }
    package var spec: JSONObject { document["spec"]?.objectValue ?? JSONObject() }
    package var uid: String? { metadata["uid"]?.stringValue }
    package var creationTimestamp: String? { metadata["creationTimestamp"]?.stringValue }
    package var labels: [String: String] { Self.strings(metadata["labels"]) }
    package var annotations: [String: String] { Self.strings(metadata["annotations"]) }

    /// The bytes to store, equal to the output of Go's encoder.
    package var bytes: [UInt8] { JSONSerializer.goBytes(document) }

    /// Returns the string members of a JSON object as a dictionary. Leaves out members of other types.
    package static func strings(_ value: JSONValue?) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in value?.objectValue ?? JSONObject() {
            if let text = value.stringValue { result[key] = text }
        }
        return result
    }

    /// Returns `strings` as a JSON object, sorted by key like a map in Go's encoder; nil if empty.
    static func document(of strings: [String: String]) -> JSONValue? {
        guard !strings.isEmpty else { return nil }
        let members = strings.sorted { $0.key < $1.key }.map {
            ($0.key, JSONValue.string($0.value))
        }
        return .object(JSONObject(uncheckedMembers: members.map { (key: $0.0, value: $0.1) }))
    }
}

/// The two members that an object gets at its creation and keeps in every update. calicoctl can read an object
/// without them, but cannot apply or replace it.
package struct ObjectIdentity: Sendable, Equatable {
    /// A random UUID in lower case.
    package var uid: String
    /// The creation time in RFC 3339, UTC, whole seconds: `2026-11-23T05:00:00Z`.
    package var creationTimestamp: String

    package init(uid: String, creationTimestamp: String) {
        self.uid = uid
        self.creationTimestamp = creationTimestamp
    }

    /// Returns the identity of `existing`. Members that another writer has left out are taken from `fresh`.
    package static func of(_ existing: Resource?, fresh: ObjectIdentity) -> ObjectIdentity {
        ObjectIdentity(
            uid: existing?.uid ?? fresh.uid,
            creationTimestamp: existing?.creationTimestamp ?? fresh.creationTimestamp)
    }
}

extension Resource {
    /// Returns a resource with the members `kind`, `apiVersion` and `metadata` that every Calico tool expects.
    ///
    /// Keeps every member of `existing` and of its metadata that the other parameters do not set.
    static func build(
        key: ResourceKey, existing: Resource?, identity: ObjectIdentity,
        labels: [String: String], annotations: [String: String], spec: JSONObject
    ) -> Resource {
        var metadata = JSONObject()
        metadata["name"] = .string(key.name)
        if let namespace = key.namespace { metadata["namespace"] = .string(namespace) }
        metadata["uid"] = .string(identity.uid)
        metadata["creationTimestamp"] = .string(identity.creationTimestamp)
        metadata["labels"] = document(of: labels)
        metadata["annotations"] = document(of: annotations)
        // The datastore sets `resourceVersion` and `selfLink` on every read, so they are not stored.
        let written: Set<String> = ["labels", "annotations", "resourceVersion", "selfLink"]
        for (name, value) in existing?.metadata ?? JSONObject()
        where metadata[name] == nil && !written.contains(name) {
            metadata[name] = value
        }
        var object = JSONObject()
        object["kind"] = .string(key.kind.rawValue)
        object["apiVersion"] = .string(apiVersion)
        object["metadata"] = .object(metadata)
        object["spec"] = .object(spec)
        for (name, value) in existing?.document.objectValue ?? JSONObject()
        where object[name] == nil {
            object[name] = value
        }
        return Resource(key: key, document: .object(object))
    }
}
