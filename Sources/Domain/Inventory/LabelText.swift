/// Label keys and values as Kubernetes defines them and Calico's tools accept them
/// (k8s.io/apimachinery `validation.IsQualifiedName`, `IsValidLabelValue`).
package enum LabelText {
    /// Prefixes of labels that other parts of the system set.
    static let reservedPrefixes = ["policyserver/", "projectcalico.org/"]

    /// Returns the problem with a key; nil for a legal one.
    static func keyProblem(_ key: String) -> String? {
        if let prefix = reservedPrefixes.first(where: key.hasPrefix) {
            return "labels under \(prefix) are set by the system"
        }
        return keyFormProblem(key)
    }

    /// Returns the problem with the form of a key, whether a user or the system sets it; nil for a legal one.
    static func keyFormProblem(_ key: String) -> String? {
        let parts = key.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[parts.count - 1])
        let isNameLegal = !name.isEmpty && isValue(name)
        let isPrefixLegal = parts.count == 1 || isSubdomain(String(parts[0]))
        guard !isNameLegal || !isPrefixLegal else { return nil }
        return "a label key is [prefix/]name: the name 1 to 63 of letters, digits, '-', '_', '.', "
            + "with a letter or digit at both ends, the prefix a DNS subdomain"
    }

    /// Returns the problem with a value; nil for a legal one.
    static func valueProblem(_ value: String) -> String? {
        guard !isValue(value) else { return nil }
        return "a label value has up to 63 letters, digits, '-', '_', '.', with a letter or digit "
            + "at both ends"
    }

    private static func isValue(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return true }
        return bytes.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    /// RFC 1123 subdomain, at most 253 characters.
    private static func isSubdomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { DNSLabel.isLegal(String($0)) }
    }

    /// Lower-case letters, digits and '-', with a letter or digit at both ends; any length.
    static func isNamePart(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy {
                $0 == UInt8(ascii: "-")
                    || isAlphanumeric($0) && !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
            }
    }

    /// Returns true if a label's value can have the character, if not at an end.
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
