/// The name of an OpenStack object, and what the driver makes of it in an endpoint's labels
/// (networking-calico `datamodel_v3.sanitize_label_name_value`).
package struct OpenStackName: Sendable, Hashable {
    package let name: String
    /// The name cut, then `_` for what a label cannot have, then without what is no letter or digit at
    /// either end. Empty when nothing is left: the driver then writes no label for a group's name.
    package let label: String
    /// Whether the label has only the start of the name.
    package let isCut: Bool

    /// Of projects and networks; `SANITIZE_LABEL_MAX_LENGTH` there.
    package static let maximumLength = 63
    /// Of security groups, whose name is part of a label's key after
    /// `sg-name.projectcalico.org/openstack-`; `SG_NAME_MAX_LENGTH` there.
    package static let maximumGroupLength = 27

    package init(_ name: String, maximumLength: Int) {
        self.name = name
        isCut = name.unicodeScalars.count > maximumLength
        let bytes = name.unicodeScalars.prefix(maximumLength).map { scalar in
            LabelText.isNameScalar(scalar) ? UInt8(scalar.value) : UInt8(ascii: "_")
        }
        if let first = bytes.firstIndex(where: LabelText.isAlphanumeric),
            let last = bytes.lastIndex(where: LabelText.isAlphanumeric)
        {
            label = String(decoding: bytes[first...last], as: UTF8.self)
        } else {
            label = ""
        }
    }
}
