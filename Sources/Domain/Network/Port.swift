/// A port of a rule: one number, a range, or a name (Calico's `numorstring.Port`).
package enum Port: Hashable, Sendable {
    /// An inclusive range; a single port is a range of one. The range may begin with 0, which validation refuses.
    case numbers(ClosedRange<UInt16>)
    /// The name of a port on the endpoint.
    case named(String)

    /// The maximum number of ports in each list of a rule (`maxItems` of the CRDs).
    package static let maximumCount = 50

    /// Reads `"80"`, `"8080:8090"` or a name. Returns nil for any other text.
    package init?(text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        if parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isDigit) }) {
            guard let low = UInt16(String(parts[0]) ?? ""),
                let high = UInt16(String(parts[parts.count - 1]) ?? ""), low <= high
            else { return nil }
            self = .numbers(low...high)
        } else {
            // Accepts each name that Calico's type for ports accepts (`numorstring/port.go`). The validation of
            // policies accepts fewer names.
            guard 1...128 ~= text.utf8.count, text.utf8.allSatisfy(Self.isNameByte) else {
                return nil
            }
            self = .named(text)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// The protocol of a rule, by number or by name (Calico's `numorstring.Protocol`).
package enum NetProtocol: Hashable, Sendable {
    case number(UInt8)
    case name(String)

    /// Reads digits that fit 8 bits as a number and any other text as a name. Validation decides if the name is
    /// known.
    package init(text: String) {
        let isNumeric = !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
        if isNumeric, let number = UInt8(text) {
            self = .number(number)
        } else {
            self = .name(text)
        }
    }

    /// The names that Calico knows, in the only spelling that Calico accepts.
    package static let names = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"]

    /// True if the protocol has ports: TCP, UDP and SCTP.
    package var hasPorts: Bool {
        switch self {
        case .number(let number): [6, 17, 132].contains(number)
        case .name(let name): ["TCP", "UDP", "SCTP"].contains(name)
        }
    }

    /// The only IP family of the protocol; nil if the protocol works with both.
    package var family: IPFamily? { isICMP ? .ipv4 : isICMPv6 ? .ipv6 : nil }

    package var isTCP: Bool { self == .number(6) || self == .name("TCP") }
    package var isICMP: Bool { self == .number(1) || self == .name("ICMP") }
    package var isICMPv6: Bool { self == .number(58) || self == .name("ICMPv6") }
}
