package import Documents

extension RuleID {
    /// Violated when the name of a region is not legal (`RegionName`).
    package static let regionName = RuleID("region.name")
    /// Violated when the name of a subnet is not a valid RFC 1123 label.
    package static let subnetName = RuleID("subnet.name")
    /// Violated when the name in a document differs from the name in the path.
    package static let nameMismatch = RuleID("name.mismatch")
    /// Violated when the region in a document differs from the region in the path.
    package static let regionMismatch = RuleID("region.mismatch")
    /// Violated when the kind in a document differs from the kind in the path.
    package static let kindMismatch = RuleID("kind.mismatch")
    /// Violated when a document has a member that its kind does not have.
    package static let unknownField = RuleID("document.unknown-field")
    /// Violated when a required member is missing.
    package static let missingField = RuleID("document.missing-field")
    /// Violated when a member has a value of the wrong type.
    package static let wrongType = RuleID("document.wrong-type")
    /// Violated when a string is empty, too long, or has control characters.
    package static let text = RuleID("document.text")
    /// Violated when a number is outside the range of its member.
    package static let numberRange = RuleID("document.number-range")
    /// Violated when a label's key is not a Kubernetes label key, or has a prefix that is reserved for this server or
    /// for Calico.
    package static let labelKey = RuleID("label.key")
    /// Violated when a label's value is not a Kubernetes label value.
    package static let labelValue = RuleID("label.value")
    /// Violated when a region has too many address blocks.
    package static let regionBlockCount = RuleID("region.block-count")
    /// Violated when two address blocks of one region overlap.
    package static let regionBlocksOverlap = RuleID("region.blocks-overlap")
    /// Violated when the IP family that an allocation requests differs from the family of the network in `within`.
    package static let allocationFamily = RuleID("allocation.family")

    /// Every rule that the document of a region, a subnet or an allocation can break.
    package static let inventoryRules: [RuleID] = [
        .regionName, .subnetName, .nameMismatch, .regionMismatch, .kindMismatch, .unknownField,
        .missingField, .blank, .wrongType, .text, .numberRange, .labelKey, .labelValue,
        .regionBlockCount,
        .regionBlocksOverlap, .allocationFamily, .cidrMalformed, .cidrPrefixLengthMissing,
        .cidrHostBits, .cidrIPv4Mapped,
    ]
}
