/// Labels that OpenStack's driver writes on a VM's endpoint (networking-calico `endpoints.py`
/// `endpoint_labels`, `policy.py`).
package enum EndpointLabel {
    /// The region's namespace, see `RegionNamespace`.
    package static let namespace = "projectcalico.org/namespace"
    /// `openstack` on VMs; network sets and host endpoints have none.
    package static let orchestrator = "projectcalico.org/orchestrator"
    package static let openStack = "openstack"
    package static let projectID = "projectcalico.org/openstack-project-id"
    package static let projectName = "projectcalico.org/openstack-project-name"
    /// Only new releases of the driver write it; there is none with the network's id.
    package static let networkName = "projectcalico.org/openstack-network-name"
    /// Followed by the group's id; the value is the group's name.
    package static let groupPrefix = "sg.projectcalico.org/openstack-"
    /// Followed by the group's name; the value is the group's id.
    package static let groupNamePrefix = "sg-name.projectcalico.org/openstack-"

    /// True if VMs carry the label because they are members of a security group.
    static func isGroup(_ label: String) -> Bool {
        label.hasPrefix(groupPrefix) || label.hasPrefix(groupNamePrefix)
    }
}
