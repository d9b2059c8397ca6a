/// A key of etcd. A key may consist of any bytes, so a key of another writer need not be UTF-8. Keys are compared byte
/// by byte.
package struct EtcdKey: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Creates a key from the UTF-8 bytes of `string`.
    package init(_ string: some StringProtocol) {
        self.bytes = Array(string.utf8)
    }

    /// The key as a string; nil if its bytes are not UTF-8.
    package var string: String? {
        String(validating: bytes, as: UTF8.self)
    }

    package func hasPrefix(_ prefix: EtcdKey) -> Bool {
        bytes.starts(with: prefix.bytes)
    }

    /// The smallest key that is greater than this key.
    package var next: EtcdKey {
        EtcdKey(bytes: bytes + [0])
    }
}

extension EtcdKey: Comparable {
    package static func < (left: EtcdKey, right: EtcdKey) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension EtcdKey: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) {
        self.init(value)
    }
}

extension EtcdKey: CustomStringConvertible {
    /// The key as a string for logs. Bytes that are not UTF-8 are replaced.
    package var description: String {
        String(decoding: bytes, as: UTF8.self)
    }
}

/// The keys of a range request, of a deletion or of a watch.
package enum KeyRange: Hashable, Sendable {
    case key(EtcdKey)
    /// Every key that starts with the prefix. The empty prefix matches every key.
    case prefix(EtcdKey)
    /// Every key `>= from` and `< to`.
    case halfOpen(from: EtcdKey, to: EtcdKey)

    /// The `key` field of etcd's request.
    var lowerBound: [UInt8] {
        switch self {
        case .key(let key): key.bytes
        case .prefix(let prefix): prefix.bytes.isEmpty ? [0] : prefix.bytes
        case .halfOpen(let from, _): from.bytes
        }
    }

    /// The `range_end` field of etcd's request. It is empty for a single key. It is one zero byte if there is no upper
    /// bound.
    var upperBound: [UInt8] {
        switch self {
        case .key: []
        case .prefix(let prefix): Self.end(ofPrefix: prefix.bytes)
        case .halfOpen(_, let to): to.bytes
        }
    }

    /// Returns the first key after all keys with the prefix `prefix`; `[0]` if there can be no such key.
    private static func end(ofPrefix prefix: [UInt8]) -> [UInt8] {
        guard let last = prefix.lastIndex(where: { $0 < 0xFF }) else { return [0] }
        var end = Array(prefix[...last])
        end[last] += 1
        return end
    }

    package func contains(_ key: EtcdKey) -> Bool {
        switch self {
        case .key(let one): one == key
        case .prefix(let prefix): key.hasPrefix(prefix)
        case .halfOpen(let from, let to): from <= key && key < to
        }
    }
}
