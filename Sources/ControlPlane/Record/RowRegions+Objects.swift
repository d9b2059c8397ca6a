import Calico
import Documents
package import Domain
package import Store

extension RowRegions {
    /// Determines the regions of rows by the objects in etcd that they describe.
    package static let ofObjects = RowRegions { path, document in
        if let id = ChangeID(pendingKey: path) { return PendingChange(id, document)?.reach ?? .all }
        guard let key = ResourceKey(path: path), document.objectValue != nil else { return .all }
        return Resource(key: key, document: document).reach
    }
}

extension AuditLedger.Options {
    /// The options of every ledger that this program writes to. All of them list the same regions for a row.
    package static var ofObjects: AuditLedger.Options {
        var options = AuditLedger.Options()
        options.rowRegions = .ofObjects
        return options
    }
}
