import Documents
import Domain

extension GoDecoder {
    /// Decodes a value that is not a struct, list or map. If the value does not fit the field, reports a violation
    /// and returns nil.
    mutating func scalar(_ value: JSONValue, _ type: GoType, at pointer: String) -> GoValue? {
        switch type {
        case .string: string(value, at: pointer)
        case .bool: bool(value, at: pointer)
        case .integer: integer(value, at: pointer)
        case .number: number(value, at: pointer)
        case .time: time(value, at: pointer)
        case .port: port(value, at: pointer)
        case .netProtocol: netProtocol(value, at: pointer)
        case .anything: .anything(value)
        case .stringMap, .list, .structure, .pointer: nil
        }
    }

    private mutating func string(_ value: JSONValue, at pointer: String) -> GoValue? {
        switch value {
        case .string(let text): .string(text)
        case .number(let number): convert(GoNumber(number).string, at: pointer)
        case .bool(let value): convert(value ? "true" : "false", at: pointer)
        default: mismatch(value, "text", at: pointer)
        }
    }

    private mutating func bool(_ value: JSONValue, at pointer: String) -> GoValue? {
        if case .bool(let value) = value {
            .bool(value)
        } else {
            mismatch(value, "true or false", at: pointer)
        }
    }

    private mutating func integer(_ value: JSONValue, at pointer: String) -> GoValue? {
        guard let number = value.numberValue, let whole = GoNumber(number).int64 else {
            return mismatch(value, "a whole number", at: pointer)
        }
        return .integer(whole)
    }

    private mutating func number(_ value: JSONValue, at pointer: String) -> GoValue? {
        guard let number = value.numberValue, let double = GoNumber(number).double else {
            return mismatch(value, "a number", at: pointer)
        }
        return .number(double)
    }

    private mutating func time(_ value: JSONValue, at pointer: String) -> GoValue? {
        guard let text = value.stringValue, RFC3339.isTimestamp(text, as: .go) else {
            return mismatch(value, "a time such as 2026-01-31T12:00:00Z (RFC 3339)", at: pointer)
        }
        return .string(text)
    }

    private mutating func port(_ value: JSONValue, at pointer: String) -> GoValue? {
        switch value {
        case .string(let text):
            if let port = Port(text: text) { return .port(port) }
        case .number(let number):
            if let number = GoNumber(number).int64, let port = UInt16(exactly: number) {
                return .port(.numbers(port...port))
            }
        default: break
        }
        report(
            .portFormat, at: pointer,
            "must be a port from 1 to 65535, a range such as \"8080:8090\" with the lower port first,"
                + " or the name of a port")
        return nil
    }

    private mutating func netProtocol(_ value: JSONValue, at pointer: String) -> GoValue? {
        switch value {
        case .string(let text): return .netProtocol(NetProtocol(text: text))
        case .number(let number):
            if let number = GoNumber(number).int64, let number = UInt8(exactly: number) {
                return .netProtocol(.number(number))
            }
        default: break
        }
        report(
            .protocolFormat, at: pointer,
            "must be a protocol name (\(NetProtocol.names.joined(separator: ", ")))"
                + " or a number from 1 to 255")
        return nil
    }
}
