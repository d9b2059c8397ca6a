/// Which keys a range, a delete or a watch is about.
package enum KeyRange: Hashable, Sendable {
    case key(EtcdKey)
    /// Every key that starts with the prefix; the empty prefix means every key.
    case prefix(EtcdKey)
    /// Every key `>= from` and `< to`.
    case halfOpen(from: EtcdKey, to: EtcdKey)

    /// etcd's `key` field.
    var lowerBound: [UInt8] {
        switch self {
        case .key(let key): key.bytes
        case .prefix(let prefix): prefix.bytes.isEmpty ? [0] : prefix.bytes
        case .halfOpen(let from, _): from.bytes
        }
    }

    /// etcd's `range_end` field: empty for a single key, one zero byte for "no upper bound".
    var upperBound: [UInt8] {
        switch self {
        case .key: []
        case .prefix(let prefix): Self.end(ofPrefix: prefix.bytes)
        case .halfOpen(_, let to): to.bytes
        }
    }

    /// The first key after all keys with this prefix; `[0]` if there is none.
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
