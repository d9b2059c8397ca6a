import Domain

/// One condition on labels. The terms of a peer are joined by `&&`.
enum PeerTerm: Hashable, Sendable {
    /// Requires that the label has one of the values. The values are in byte order.
    case value(of: String, in: [String])
    /// Requires that at least one of the labels is present, with any value.
    case hasAny([String])
    /// Requires that a selector from the client's document matches.
    case selector(Selector)

    static let isVM = PeerTerm.value(of: EndpointLabel.orchestrator, in: [EndpointLabel.openStack])

    static func regions(_ regions: [String]) -> PeerTerm {
        .value(
            of: EndpointLabel.namespace,
            in: Set(regions.map(RegionNamespace.of)).sorted {
                $0.utf8.lexicographicallyPrecedes($1.utf8)
            })
    }

    /// The term in the selector language, in a form that can be an operand of `&&`.
    var text: String {
        switch self {
        case .value(let label, let values):
            let quoted = values.map { "\"\($0)\"" }
            return values.count == 1
                ? "\(label) == \(quoted[0])" : "\(label) in {\(quoted.joined(separator: ", "))}"
        case .hasAny(let labels):
            let terms = labels.map { "has(\($0))" }
            return terms.count == 1 ? terms[0] : "(\(terms.joined(separator: " || ")))"
        // The canonical form already has parentheses around `&&` and `||`.
        case .selector(let selector): return selector.canonical
        }
    }

    /// Returns true if it is certain that no object satisfies both terms.
    func excludes(_ other: PeerTerm) -> Bool {
        guard case .value(let label, let values) = self,
            case .value(let otherLabel, let otherValues) = other, label == otherLabel
        else { return false }
        return Set(values).isDisjoint(with: otherValues)
    }
}

extension [PeerTerm] {
    /// The terms joined by `&&`; nil if there are no terms.
    var selector: String? {
        isEmpty ? nil : map(\.text).joined(separator: " && ")
    }
}

extension CrossRegionPeer {
    /// The conditions on the labels of the sender.
    var senderTerms: [PeerTerm] {
        var terms = vmTerms
        if !regions.isEmpty { terms.insert(.regions(regions.map(\.value)), at: 0) }
        return terms + freeTerms
    }

    /// The conditions on the labels of the receiver. The conditions always require an OpenStack VM, because a policy
    /// that also selected hosts could isolate a host. A subnet is replaced by its region, because endpoints have no
    /// label for the subnet.
    var receiverTerms: [PeerTerm] {
        var terms = vmTerms
        if let subnet {
            terms.insert(.regions([subnet.value.region]), at: 0)
        } else if !regions.isEmpty {
            terms.insert(.regions(regions.map(\.value)), at: 0)
        }
        return (terms.isEmpty ? [.isVM] : terms) + freeTerms
    }

    /// The terms about labels that only VMs have, without the region.
    private var vmTerms: [PeerTerm] {
        var terms: [PeerTerm] = []
        if !securityGroups.isEmpty {
            terms.append(.hasAny(securityGroups.map { EndpointLabel.groupPrefix + $0.value }))
        }
        if let name = securityGroupName?.value.label {
            terms.append(.hasAny([EndpointLabel.groupNamePrefix + name]))
        }
        if let id = project?.value { terms.append(.value(of: EndpointLabel.projectID, in: [id])) }
        if let name = projectName?.value.label {
            terms.append(.value(of: EndpointLabel.projectName, in: [name]))
        }
        if let name = network?.value.label {
            terms.append(.value(of: EndpointLabel.networkName, in: [name]))
        }
        return terms
    }

    /// The terms about labels that any object may have, including network sets.
    private var freeTerms: [PeerTerm] {
        labels.map { .value(of: $0.value.key, in: [$0.value.value]) }
            + (selector.map { [.selector($0.value)] } ?? [])
    }
}

extension SubnetID {
    /// The selector of the subnet's network set. In a rule, the selector matches the subnet's addresses.
    var selector: String {
        "\(InventoryKey.regionLabel) == \"\(region)\" && \(InventoryKey.subnetLabel) == \"\(name)\""
    }
}

/// Labels that OpenStack's driver writes on a VM's endpoint (networking-calico `endpoints.py`
/// `endpoint_labels`, `policy.py`).
package enum EndpointLabel {
    /// The label for the region's namespace (`RegionNamespace`).
    package static let namespace = "projectcalico.org/namespace"
    /// The label with the value `openstack` on VMs. Network sets and host endpoints do not have this label.
    package static let orchestrator = "projectcalico.org/orchestrator"
    package static let openStack = "openstack"
    package static let projectID = "projectcalico.org/openstack-project-id"
    package static let projectName = "projectcalico.org/openstack-project-name"
    /// The label for the network's name. Only recent releases of the driver write this label. No label holds the
    /// network's id.
    package static let networkName = "projectcalico.org/openstack-network-name"
    /// The prefix of the label key that ends with the id of a security group. The label's value is the group's name.
    package static let groupPrefix = "sg.projectcalico.org/openstack-"
    /// The prefix of the label key that ends with the name of a security group. The label's value is the group's id.
    package static let groupNamePrefix = "sg-name.projectcalico.org/openstack-"

    /// Returns true if the label marks a VM as a member of a security group.
    static func isGroup(_ label: String) -> Bool {
        label.hasPrefix(groupPrefix) || label.hasPrefix(groupNamePrefix)
    }
}
