/// A set of tasks that a principal may do.
package enum Role: String, CaseIterable, Sendable {
    /// Reads objects.
    case viewer
    /// Reads and changes objects.
    case editor
    /// Reads objects and confirms the pending changes of other principals.
    case approver
    /// Reads objects and the audit log.
    case auditor
    /// Has every permission.
    case admin

    /// The permissions of the role.
    package var permissions: Set<Permission> { Self.permissions[self] ?? [] }

    /// The permissions of every role. The sets are created only once, because each request reads them.
    private static let permissions: [Role: Set<Permission>] = [
        .viewer: [.readObjects],
        .editor: [.readObjects, .writeObjects],
        .approver: [.readObjects, .approve],
        .auditor: [.readObjects, .readAudit, .readOperations],
        .admin: Set(Permission.allCases),
    ]
}

/// A right that a route can require of the caller.
package enum Permission: String, CaseIterable, Sendable {
    /// Read regions, subnets and policies, and the differences between two points in time.
    case readObjects = "read-objects"
    /// Create, change and delete regions, subnets and policies.
    case writeObjects = "write-objects"
    /// Confirm or reject a pending change of another principal.
    case approve
    /// Change an object without a second person. The change needs a reason and raises an alarm.
    case breakGlass = "break-glass"
    /// Search, export and verify the audit log.
    case readAudit = "read-audit"
    /// Place and remove legal holds.
    case manageAudit = "manage-audit"
    /// Read metrics and the state of the server.
    case readOperations = "read-operations"
}
