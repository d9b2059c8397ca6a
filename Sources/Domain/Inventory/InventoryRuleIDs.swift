package import Documents

extension RuleID {
    /// The name of a region is not legal (`RegionName`).
    package static let regionName = RuleID("region.name")
    /// The name of a subnet is not an RFC 1123 label.
    package static let subnetName = RuleID("subnet.name")
    /// The name in the document differs from the name in the path.
    package static let nameMismatch = RuleID("name.mismatch")
    /// The region in the document differs from the region in the path.
    package static let regionMismatch = RuleID("region.mismatch")
    /// The kind in the document differs from the kind in the path.
    package static let kindMismatch = RuleID("kind.mismatch")
    /// A member is not part of this kind of object.
    package static let unknownField = RuleID("document.unknown-field")
    /// A required member is missing.
    package static let missingField = RuleID("document.missing-field")
    /// A member has a value of the wrong type.
    package static let wrongType = RuleID("document.wrong-type")
    /// A text is empty, too long, or has control characters.
    package static let text = RuleID("document.text")
    /// A number is outside its range.
    package static let numberRange = RuleID("document.number-range")
    /// A label's key is not a Kubernetes label key, or has a prefix that is reserved for this server or for Calico.
    package static let labelKey = RuleID("label.key")
    /// A label's value is not a Kubernetes label value.
    package static let labelValue = RuleID("label.value")
    /// A region has too many address blocks.
    package static let regionBlockCount = RuleID("region.block-count")
    /// Two address blocks of one region overlap.
    package static let regionBlocksOverlap = RuleID("region.blocks-overlap")
    /// The requested IP family differs from the family of the network in `within`.
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
