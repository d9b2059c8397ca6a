package import Documents

extension RuleID {
    /// The name cannot be that of a policy in every release of Calico, with a number behind it.
    package static let crossRegionName = RuleID("cross-region.name")
    /// Another version of the form.
    package static let crossRegionAPIVersion = RuleID("cross-region.api-version")
    /// Neither `allow` nor `deny` has a rule.
    package static let crossRegionNoRules = RuleID("cross-region.no-rules")
    /// More rules than one policy of Calico takes.
    package static let crossRegionRuleCount = RuleID("cross-region.rule-count")
    /// The order is not a number that Calico can hold.
    package static let crossRegionOrder = RuleID("cross-region.order")
    /// Not a protocol.
    package static let crossRegionProtocol = RuleID("cross-region.protocol")
    /// Not a port or a range of ports.
    package static let crossRegionPort = RuleID("cross-region.port")
    /// More ports than one rule of Calico takes.
    package static let crossRegionPortCount = RuleID("cross-region.port-count")
    /// Ports without a protocol that has them.
    package static let crossRegionPortProtocol = RuleID("cross-region.port-protocol")
    /// A peer without fields.
    package static let crossRegionPeerEmpty = RuleID("cross-region.peer-empty")
    /// `any` beside other fields, or not true.
    package static let crossRegionAny = RuleID("cross-region.any")
    /// A field in singular and in plural.
    package static let crossRegionBothForms = RuleID("cross-region.both-forms")
    /// A list without elements.
    package static let crossRegionEmptyList = RuleID("cross-region.empty-list")
    /// An element that the list has already.
    package static let crossRegionRepeated = RuleID("cross-region.repeated")
    /// Not the id of a security group.
    package static let crossRegionGroupID = RuleID("cross-region.security-group-id")
    /// Not the id of a project.
    package static let crossRegionProjectID = RuleID("cross-region.project-id")
    /// The endpoint's label keeps no character of the name.
    package static let crossRegionOpenStackName = RuleID("cross-region.openstack-name")
    /// Not `region/name`.
    package static let crossRegionSubnet = RuleID("cross-region.subnet")
    /// The subnet is not in the region named beside it.
    package static let crossRegionSubnetRegion = RuleID("cross-region.subnet-region")
    /// An excluded network that leaves no address.
    package static let crossRegionNetExcludesAll = RuleID("cross-region.net-excludes-all")
    /// A security group's label compared with a value.
    package static let crossRegionGroupLabel = RuleID("cross-region.group-label")
    /// Not a selector.
    package static let crossRegionSelector = RuleID("cross-region.selector")
    /// A receiver that names no VMs.
    package static let crossRegionNoReceiver = RuleID("cross-region.no-receiver")

    /// Every rule that reading a CrossRegionPolicy can apply.
    package static let crossRegionRules: [RuleID] = [
        .crossRegionName, .crossRegionAPIVersion, .crossRegionNoRules, .crossRegionRuleCount,
        .crossRegionOrder, .crossRegionProtocol, .crossRegionPort, .crossRegionPortCount,
        .crossRegionPortProtocol, .crossRegionPeerEmpty, .crossRegionAny, .crossRegionBothForms,
        .crossRegionEmptyList, .crossRegionRepeated, .crossRegionGroupID, .crossRegionProjectID,
        .crossRegionOpenStackName, .crossRegionSubnet, .crossRegionSubnetRegion,
        .crossRegionNetExcludesAll, .crossRegionGroupLabel, .crossRegionSelector,
        .crossRegionNoReceiver, .kindMismatch, .nameMismatch, .regionName, .unknownField,
        .missingField, .blank, .wrongType, .text, .numberRange, .labelKey, .labelValue,
        .cidrMalformed,
        .cidrPrefixLengthMissing, .cidrHostBits, .cidrIPv4Mapped,
    ]
}
