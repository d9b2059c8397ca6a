/// Checks label keys and values by the rules of Kubernetes, which Calico's tools also apply (k8s.io/apimachinery
/// `validation.IsQualifiedName`, `IsValidLabelValue`).
package enum LabelText {
    /// Returns an error message about an illegal key; nil if the key is legal.
    static func keyProblem(_ key: String) -> String? {
        if let prefix = reservedPrefix(of: key) {
            return "labels under \(prefix)/ are set by the system"
        }
        return keyFormProblem(key)
    }

    /// Returns the prefix of the key if only the system sets labels with this prefix; nil otherwise.
    ///
    /// The reserved prefixes are the prefix of this server, and Calico's domain with its subdomains. The subdomains are
    /// reserved because of OpenStack's labels: Calico would treat a network set with the label
    /// `sg.projectcalico.org/openstack-…` as a member of the security group.
    package static func reservedPrefix(of key: String) -> String? {
        guard let slash = key.firstIndex(of: "/") else { return nil }
        let prefix = String(key[..<slash])
        let isReserved =
            prefix == "policyserver" || prefix == "projectcalico.org"
            || prefix.hasSuffix(".projectcalico.org")
        return isReserved ? prefix : nil
    }

    /// Returns an error message about a key of illegal form; nil if the form is legal. Does not check for reserved
    /// prefixes.
    static func keyFormProblem(_ key: String) -> String? {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[parts.count - 1])
        let isNameLegal = !name.isEmpty && isValue(name)
        let isPrefixLegal = parts.count == 1 || isSubdomain(String(parts[0]))
        guard !isNameLegal || !isPrefixLegal else { return nil }
        return
            "a label key is [prefix/]name: the name has 1 to 63 letters, digits, '-', '_' or '.', "
            + "with a letter or digit at both ends; the prefix is a DNS subdomain"
    }

    /// Returns an error message about an illegal value; nil if the value is legal.
    static func valueProblem(_ value: String) -> String? {
        guard !isValue(value) else { return nil }
        return
            "a label value has at most 63 letters, digits, '-', '_' or '.', with a letter or digit "
            + "at both ends"
    }

    private static func isValue(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return true }
        return bytes.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    /// Returns true if the text is an RFC 1123 subdomain of at most 253 characters.
    private static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { DNSLabel.isLegal(String($0)) }
    }

    /// Returns true if the text has only lower-case letters, digits and '-', with a letter or digit at both ends. The
    /// length is not limited.
    static func isNamePart(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy {
                $0 == UInt8(ascii: "-")
                    || isAlphanumeric($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }
    }

    /// Returns true if the character is legal inside a label's value. At the start and the end of a value, only letters
    /// and digits are legal.
    static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return false }
        let byte = UInt8(scalar.value)
        return isAlphanumeric(byte) || "-_.".utf8.contains(byte)
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
