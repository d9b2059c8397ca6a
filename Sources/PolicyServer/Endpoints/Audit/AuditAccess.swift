import Domain
import HTTPCore

/// The rights of a caller to the audit log.
extension Request {
    /// The part of the audit log that the caller may see.
    var auditScope: AuditScope { AuditScope(caller, .readAudit) }

    /// Throws a 403 problem unless the caller has `permission` in all regions.
    ///
    /// - Parameter subject: The beginning of the error message, such as `A legal hold covers`. The message continues
    ///   with `rows of all regions`.
    func requireAllRegions(_ permission: Permission, _ subject: String) throws(Problem) {
        guard !AuditScope(caller, permission).isEverything else { return }
        throw ProblemKind.forbidden.problem(
            "\(subject) rows of all regions, but \(caller.principal) has \(permission.rawValue) only for "
                + "some regions or kinds. Ask for a role without a limit.")
    }
}

extension Identity {
    /// Returns the part of the audit log to which the identity is limited; nil if the identity has `permission` in all
    /// regions.
    func limits(for permission: Permission) -> AuditScope? {
        let scope = AuditScope(self, permission)
        return scope.isEverything ? nil : scope
    }
}
