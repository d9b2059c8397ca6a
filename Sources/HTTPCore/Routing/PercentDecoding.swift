import Documents

/// Percent-decoding (RFC 3986 §2.1) of one component; nil when a `%` is not followed by two
/// hexadecimal digits or the result is not UTF-8.
func percentDecoded(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    guard text.utf8.contains(where: { $0 == percent || ($0 == plus && plusIsSpace) }) else {
        return String(text)
    }
    var decoded: [UInt8] = []
    decoded.reserveCapacity(text.utf8.count)
    var rest = text.utf8.makeIterator()
    while let byte = rest.next() {
        switch byte {
        case percent:
            guard let high = rest.next().flatMap(Hex.value),
                let low = rest.next().flatMap(Hex.value)
            else { return nil }
            decoded.append(high << 4 | low)
        case plus where plusIsSpace:
            decoded.append(UInt8(ascii: " "))
        default:
            decoded.append(byte)
        }
    }
    return String(validating: decoded, as: UTF8.self)
}

private let percent = UInt8(ascii: "%")
private let plus = UInt8(ascii: "+")
