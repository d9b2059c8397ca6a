/// The text formats of Kubernetes names and labels (`apimachinery/pkg/util/validation`).
enum KubernetesText {
    static let maxSubdomainLength = 253
    /// Of a label value, a label name and one part of a name.
    static let maxLabelLength = 63

    /// One or more of `[-a-z0-9]`, alphanumeric at both ends; any length.
    static func isNamePart(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, let last = bytes.reversed().first else { return false }
        return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
            && bytes.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// Name parts joined by dots; any length.
    static func isSubdomain(_ text: some StringProtocol) -> Bool {
        parts(text).allSatisfy(isNamePart)
    }

    static func parts(_ text: some StringProtocol) -> [Substring] {
        String(text).split(separator: "." as Character, omittingEmptySubsequences: false)
    }

    /// A label value: empty, or at most 63 of `[-A-Za-z0-9_.]` that start and end alphanumeric.
    static func isLabelValue(_ text: String) -> Bool {
        text.isEmpty || isLabelName(text)
    }

    /// A label or annotation key: a label name, optionally after a DNS subdomain and `/`.
    static func isQualifiedName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: return isLabelName(text)
        case 2:
            return parts[0].utf8.count <= maxSubdomainLength && isSubdomain(parts[0])
                && isLabelName(String(parts[1]))
        default: return false
        }
    }

    /// A port name (RFC 6335 section 5.1 without upper case): at most 15 of `[-a-z0-9]`, at least one letter, no
    /// hyphen at an end or next to another.
    static func isPortName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let hyphen = UInt8(ascii: "-")
        return 1...15 ~= bytes.count && isNamePart(text)
            && bytes.contains { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 }
            && !zip(bytes, bytes.dropFirst()).contains { $0 == hyphen && $1 == hyphen }
    }

    private static func isLabelName(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maxLabelLength else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || 0x30...0x39 ~= byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
}
