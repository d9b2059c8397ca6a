package import Documents

extension RuleID {
    /// The name is not legal (`CrossRegionPolicy.nameProblem`).
    package static let crossRegionName = RuleID("cross-region.name")
    /// The `apiVersion` is not `policyserver/v1`.
    package static let crossRegionAPIVersion = RuleID("cross-region.api-version")
    /// Neither `allow` nor `deny` has a rule.
    package static let crossRegionNoRules = RuleID("cross-region.no-rules")
    /// A list has more rules than one Calico policy may have.
    package static let crossRegionRuleCount = RuleID("cross-region.rule-count")
    /// The order is larger than any number that Calico can hold.
    package static let crossRegionOrder = RuleID("cross-region.order")
    /// The value is not a protocol.
    package static let crossRegionProtocol = RuleID("cross-region.protocol")
    /// The value is neither a port nor a range of ports.
    package static let crossRegionPort = RuleID("cross-region.port")
    /// A rule has more ports than one Calico rule may have.
    package static let crossRegionPortCount = RuleID("cross-region.port-count")
    /// A rule has ports, but its protocol is absent or has no ports.
    package static let crossRegionPortProtocol = RuleID("cross-region.port-protocol")
    /// A peer has no fields.
    package static let crossRegionPeerEmpty = RuleID("cross-region.peer-empty")
    /// A peer has `any` together with other fields, or `any` is not true.
    package static let crossRegionAny = RuleID("cross-region.any")
    /// A peer has both the singular and the plural form of a field.
    package static let crossRegionBothForms = RuleID("cross-region.both-forms")
    /// A list has no elements.
    package static let crossRegionEmptyList = RuleID("cross-region.empty-list")
    /// An element occurs twice in a list.
    package static let crossRegionRepeated = RuleID("cross-region.repeated")
    /// The value is not the id of a security group.
    package static let crossRegionGroupID = RuleID("cross-region.security-group-id")
    /// The value is not the id of a project.
    package static let crossRegionProjectID = RuleID("cross-region.project-id")
    /// An endpoint's label would keep no character of the name.
    package static let crossRegionOpenStackName = RuleID("cross-region.openstack-name")
    /// The value does not have the form `region/name`.
    package static let crossRegionSubnet = RuleID("cross-region.subnet")
    /// The subnet is not in the peer's region.
    package static let crossRegionSubnetRegion = RuleID("cross-region.subnet-region")
    /// An excluded network contains every address of its IP family.
    package static let crossRegionNetExcludesAll = RuleID("cross-region.net-excludes-all")
    /// A peer's `labels` contain the label of a security group.
    package static let crossRegionGroupLabel = RuleID("cross-region.group-label")
    /// The value is not a selector.
    package static let crossRegionSelector = RuleID("cross-region.selector")
    /// A receiver names only addresses, and no VMs.
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
