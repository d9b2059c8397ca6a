/// A key of etcd: any bytes, ordered bytewise. Keys of other writers need not be UTF-8.
package struct EtcdKey: Hashable, Sendable {
    package var bytes: [UInt8]

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The key whose bytes are the UTF-8 of `string`.
    package init(_ string: some StringProtocol) {
        self.bytes = Array(string.utf8)
    }

    /// The key as text, or nil if its bytes are not UTF-8.
    package var string: String? {
        String(validating: bytes, as: UTF8.self)
    }

    package func hasPrefix(_ prefix: EtcdKey) -> Bool {
        bytes.starts(with: prefix.bytes)
    }

    /// The smallest key greater than this one.
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
    /// For logs: invalid UTF-8 is shown repaired.
    package var description: String {
        String(decoding: bytes, as: UTF8.self)
    }
}
