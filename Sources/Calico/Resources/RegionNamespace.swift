/// The Calico namespace that a region's Neutron server writes
/// (networking-calico `datamodel_v3.get_namespace`).
package enum RegionNamespace {
    package static let prefix = "openstack-region-"
    /// The namespace of a site without a region name. A named region's full resync deletes its
    /// endpoints and security group policies.
    package static let legacy = "openstack"

    package static func of(region: String) -> String { prefix + region }

    /// The region of `namespace`; nil when it is not a region's.
    package static func region(of namespace: String) -> String? {
        namespace.hasPrefix(prefix) ? String(namespace.dropFirst(prefix.count)) : nil
    }
}
