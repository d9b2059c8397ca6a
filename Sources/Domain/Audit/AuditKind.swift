/// The kinds that rows of the ledger have: the one list, which a search for any other kind is told.
package enum AuditKind: String, CaseIterable, Sendable {
    case region = "Region"
    case subnet = "Subnet"
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
    /// Writes to no one object, such as a stream, that were turned away.
    case request = "Request"
}
