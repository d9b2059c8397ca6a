import Calico
import Documents
package import Domain
package import Store

extension RowRegions {
    /// The function that finds the regions of a row in the object that the row describes.
    package static let ofObjects = RowRegions { path, document in
        if let id = ChangeID(pendingKey: path) { return PendingChange(id, document)?.reach ?? .all }
        guard let key = ResourceKey(path: path), document.objectValue != nil else { return .all }
        return Resource(key: key, document: document).reach
    } key: { region in
        InventoryKey.region(region).resourceKey.path
    }
}

extension AuditLedger.Options {
    /// The options of every ledger that this program writes to. With these options, all ledgers list the same regions
    /// for the same row.
    package static var ofObjects: AuditLedger.Options {
        var options = AuditLedger.Options()
        options.rowRegions = .ofObjects
        return options
    }
}
