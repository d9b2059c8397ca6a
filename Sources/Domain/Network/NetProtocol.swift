/// The protocol of a rule, by number or by name (Calico's `numorstring.Protocol`).
package enum NetProtocol: Hashable, Sendable {
    case number(UInt8)
    case name(String)

    /// Digits that fit 8 bits are a number, all else is a name; whether the name is known is for validation.
    package init(text: String) {
        let isNumeric = !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
        if isNumeric, let number = UInt8(text) {
            self = .number(number)
        } else {
            self = .name(text)
        }
    }

    /// The names Calico knows, in the only spelling it accepts.
    package static let names = ["TCP", "UDP", "ICMP", "ICMPv6", "SCTP", "UDPLite"]

    /// Whether numeric ports mean something: TCP, UDP and SCTP.
    package var hasPorts: Bool {
        switch self {
        case .number(let number): [6, 17, 132].contains(number)
        case .name(let name): ["TCP", "UDP", "SCTP"].contains(name)
        }
    }

    /// The only family the protocol runs over; nil when it is both.
    package var family: IPFamily? { isICMP ? .ipv4 : isICMPv6 ? .ipv6 : nil }

    package var isTCP: Bool { self == .number(6) || self == .name("TCP") }
    package var isICMP: Bool { self == .number(1) || self == .name("ICMP") }
    package var isICMPv6: Bool { self == .number(58) || self == .name("ICMPv6") }
}
