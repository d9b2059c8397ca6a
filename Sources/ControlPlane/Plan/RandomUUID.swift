import Documents

/// Random UUIDs (RFC 9562 version 4).
enum RandomUUID {
    /// 36 characters in lower case.
    static func next() -> String {
        var generator = SystemRandomNumberGenerator()
        let high = generator.next() & ~0xF000 | 0x4000
        let low = generator.next() & ~(0xC0 << 56) | (0x80 << 56)
        let hex = Array((Hex.text(high) + Hex.text(low)).utf8)
        let groups = [hex[0..<8], hex[8..<12], hex[12..<16], hex[16..<20], hex[20..<32]]
        return groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }
}
