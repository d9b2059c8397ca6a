/// The kinds that rows of the ledger have: the one list, which a search for any other kind is told.
package enum AuditKind: String, CaseIterable, Sendable {
    case region = "Region"
    case subnet = "Subnet"
    /// Also finds rows that earlier versions recorded under Calico's kind.
    case crossRegionPolicy = "CrossRegionPolicy"
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case networkPolicy = "NetworkPolicy"
    case globalNetworkSet = "GlobalNetworkSet"
    case networkSet = "NetworkSet"
    case tier = "Tier"
    case clusterInformation = "ClusterInformation"
    /// The ledger itself: gaps, rows that were dropped or pruned, imports.
    case ledger = "Ledger"
    /// Reads of the audit log.
    case auditLog = "AuditLog"
    case legalHold = "LegalHold"
    case signingKey = "SigningKey"
    /// Requests whose actor could not be one.
    case authentication = "Authentication"
    /// Streams that were refused as a whole.
    case stream = "Stream"
    /// Writes to no one object, such as a stream, that were turned away before they were looked at.
    case request = "Request"
}
