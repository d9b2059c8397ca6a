import Documents
import Domain

extension RuleID {
    static let unknownField = RuleID("calico.unknown-field")
    static let wrongType = RuleID("calico.type")
    static let repeatedField = RuleID("calico.repeated-field")
    static let portFormat = RuleID("port.format")
    static let protocolFormat = RuleID("protocol.format")
}

/// The rules that decoding itself enforces.
enum DecodingRules {
    static let all: [RuleID] = [
        .unknownField, .wrongType, .repeatedField, .portFormat, .protocolFormat,
    ]
}
