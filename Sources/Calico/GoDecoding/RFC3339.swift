/// Timestamps as Kubernetes metadata has them (RFC 3339 section 5.6).
enum RFC3339 {
    /// Whether `text` is a date and time with an offset, each part in its range.
    static func isTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let year = number(bytes, 0, 4), let month = number(bytes, 5, 2),
            let day = number(bytes, 8, 2), let hour = number(bytes, 11, 2),
            let minute = number(bytes, 14, 2), let second = number(bytes, 17, 2)
        else { return false }
        let marks = [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]]
        return marks.elementsEqual("--T::".utf8)
            && 1...12 ~= month && 1...days(in: month, of: year) ~= day
            && hour < 24 && minute < 60 && second < 60 && isOffset(afterFraction(bytes[19...]))
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func afterFraction(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard bytes.first == UInt8(ascii: "."), let next = bytes.dropFirst().first,
            0x30...0x39 ~= next
        else { return bytes }
        return bytes.dropFirst().drop { 0x30...0x39 ~= $0 }
    }

    private static func isOffset(_ bytes: ArraySlice<UInt8>) -> Bool {
        if bytes.elementsEqual("Z".utf8) { return true }
        let offset = Array(bytes)
        guard offset.count == 6, offset[0] == UInt8(ascii: "+") || offset[0] == UInt8(ascii: "-"),
            offset[3] == UInt8(ascii: ":"), let hours = number(offset, 1, 2),
            let minutes = number(offset, 4, 2)
        else { return false }
        return hours < 24 && minutes < 60
    }

    private static func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int? {
        var value = 0
        for byte in bytes[start..<start + count] {
            guard 0x30...0x39 ~= byte else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
