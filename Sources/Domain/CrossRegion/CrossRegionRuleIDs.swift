package import Documents

extension RuleID {
    /// Violated when the name of a CrossRegionPolicy is not legal (`CrossRegionPolicy.nameProblem`).
    package static let crossRegionName = RuleID("cross-region.name")
    /// Violated when the `apiVersion` of a CrossRegionPolicy is not `policyserver/v1`.
    package static let crossRegionAPIVersion = RuleID("cross-region.api-version")
    /// Violated when neither `allow` nor `deny` has a rule.
    package static let crossRegionNoRules = RuleID("cross-region.no-rules")
    /// Violated when a list has more rules than one Calico policy may have.
    package static let crossRegionRuleCount = RuleID("cross-region.rule-count")
    /// Violated when the order is larger than any number that Calico can hold.
    package static let crossRegionOrder = RuleID("cross-region.order")
    /// Violated when the protocol of a rule is not a known protocol.
    package static let crossRegionProtocol = RuleID("cross-region.protocol")
    /// Violated when an element of `ports` is neither a port nor a range of ports.
    package static let crossRegionPort = RuleID("cross-region.port")
    /// Violated when a rule has more ports than one Calico rule may have.
    package static let crossRegionPortCount = RuleID("cross-region.port-count")
    /// Violated when a rule has ports, but its protocol is absent or has no ports.
    package static let crossRegionPortProtocol = RuleID("cross-region.port-protocol")
    /// Violated when a peer has no fields.
    package static let crossRegionPeerEmpty = RuleID("cross-region.peer-empty")
    /// Violated when a peer has `any` together with other fields, or when `any` is not true.
    package static let crossRegionAny = RuleID("cross-region.any")
    /// Violated when a peer has both the singular and the plural form of a field, such as `region` and `regions`.
    package static let crossRegionBothForms = RuleID("cross-region.both-forms")
    /// Violated when a list has no elements.
    package static let crossRegionEmptyList = RuleID("cross-region.empty-list")
    /// Violated when an element occurs twice in a list.
    package static let crossRegionRepeated = RuleID("cross-region.repeated")
    /// Violated when the id of a security group is not valid.
    package static let crossRegionGroupID = RuleID("cross-region.security-group-id")
    /// Violated when the id of a project is not valid.
    package static let crossRegionProjectID = RuleID("cross-region.project-id")
    /// Violated when a label cannot keep any character of an OpenStack name.
    package static let crossRegionOpenStackName = RuleID("cross-region.openstack-name")
    /// Violated when a subnet is not written in the form `region/name`.
    package static let crossRegionSubnet = RuleID("cross-region.subnet")
    /// Violated when the subnet of a peer is not in the peer's region.
    package static let crossRegionSubnetRegion = RuleID("cross-region.subnet-region")
    /// Violated when an excluded network contains every address of its IP family.
    package static let crossRegionNetExcludesAll = RuleID("cross-region.net-excludes-all")
    /// Violated when the `labels` of a peer contain the label of a security group.
    package static let crossRegionGroupLabel = RuleID("cross-region.group-label")
    /// Violated when the `selector` of a peer is not a valid selector.
    package static let crossRegionSelector = RuleID("cross-region.selector")
    /// Violated when a receiver names only addresses, and no VMs.
    package static let crossRegionNoReceiver = RuleID("cross-region.no-receiver")

    /// Every rule that the document of a CrossRegionPolicy can break.
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
