import Calico
import Domain
import Etcd

/// The new value of one key with everything read from it that the mirror keeps, and judged: made before the
/// mirror's lock is taken, since reading a document costs more than all that is done under the lock.
struct PreparedPut: Sendable {
    enum Content: Sendable {
        /// A key whose changes are audited.
        case audited(ResourceKey, MirrorEntry, StoredFacts)
        /// A WorkloadEndpoint and its labels; nil when its value has none.
        case endpoint(path: String, labels: [String: String]?)
        case other
    }

    let keyValue: KeyValue
    let content: Content

    init(_ keyValue: KeyValue) {
        self.keyValue = keyValue
        if let key = MirrorState.auditedKey(keyValue.key) {
            let value = StoredValue(key, keyValue.value)
            var entry = MirrorEntry(bytes: keyValue.value, modRevision: keyValue.modRevision)
            if InventoryKey(key) != nil, let resource = value.resource {
                entry.nets = InventoryResource.nets(resource)
            }
            content = .audited(key, entry, StoredFacts(key, value))
        } else if let path = MirrorState.endpointPath(keyValue.key) {
            content = .endpoint(path: path, labels: EndpointLabels.labels(in: keyValue.value))
        } else {
            content = .other
        }
    }
}
