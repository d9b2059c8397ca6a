/// An IP address as Go's `net` package reads it: an IPv4-mapped IPv6 address counts as IPv4.
struct GoAddress: Equatable {
    /// Sixteen bytes; IPv4 in its mapped form.
    var bytes: [UInt8]
    /// Whether the text was dotted, and so a prefix length counts from its 32 bits.
    let isDotted: Bool

    var isIPv4: Bool { bytes.starts(with: Self.mappedPrefix) }

    private static let mappedPrefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]

    init(bytes: [UInt8], isDotted: Bool) {
        self.bytes = bytes
        self.isDotted = isDotted
    }

    /// Nil when `text` is no address; zones (`fe80::1%eth0`) are refused as Calico refuses them.
    init?(_ text: Substring) {
        let utf8 = Array(text.utf8)
        if utf8.contains(UInt8(ascii: ":")) {
            guard let bytes = Self.colonForm(utf8) else { return nil }
            self.init(bytes: bytes, isDotted: false)
        } else {
            guard let octets = Self.dottedForm(utf8[...]) else { return nil }
            self.init(bytes: Self.mappedPrefix + octets, isDotted: true)
        }
    }

    /// Four decimal numbers up to 255 without leading zeros.
    private static func dottedForm(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard 1...3 ~= part.count, part.count == 1 || part.first != UInt8(ascii: "0") else {
                return nil
            }
            var value = 0
            for byte in part {
                guard 0x30...0x39 ~= byte else { return nil }
                value = value * 10 + Int(byte - 0x30)
            }
            guard let octet = UInt8(exactly: value) else { return nil }
            octets.append(octet)
        }
        return octets
    }

    /// RFC 4291 section 2.2: eight groups, one `::` for one or more groups of zeros, a dotted tail allowed.
    private static func colonForm(_ text: [UInt8]) -> [UInt8]? {
        guard let gap = gapPosition(text) else {
            return groups(text[...], dottedTail: true, count: 16)
        }
        guard let head = groups(text[..<gap], dottedTail: false, count: nil),
            let tail = groups(text[(gap + 2)...], dottedTail: true, count: nil),
            head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func gapPosition(_ text: [UInt8]) -> Int? {
        text.indices.dropLast().first {
            text[$0] == UInt8(ascii: ":") && text[$0 + 1] == UInt8(ascii: ":")
        }
    }

    /// Colon-separated groups; `count`, when given, is the number of bytes they must make.
    private static func groups(
        _ text: ArraySlice<UInt8>, dottedTail: Bool, count: Int?
    ) -> [UInt8]? {
        if text.isEmpty { return count == nil ? [] : nil }
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            let isLast = index == parts.count - 1
            if isLast, dottedTail, part.contains(UInt8(ascii: ".")) {
                guard let octets = dottedForm(part) else { return nil }
                bytes += octets
            } else {
                guard let group = hexadecimal(part) else { return nil }
                bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        return count == nil || bytes.count == count ? bytes : nil
    }

    private static func hexadecimal(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard 1...4 ~= text.count else { return nil }
        var value: UInt16 = 0
        for byte in text {
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt16(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt16(byte - 0x61 + 10)
            default: return nil
            }
        }
        return value
    }
}

extension GoAddress: CustomStringConvertible {
    /// Dotted when written dotted, else eight groups (valid, if not the shortest form).
    var description: String {
        if isDotted { return bytes[12...].map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }
}
