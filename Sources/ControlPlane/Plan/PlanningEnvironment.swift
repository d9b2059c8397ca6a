import Calico
import Documents
package import Domain

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The clock and the generator of random ids for a plan. Tests replace both.
package struct PlanningEnvironment: Sendable {
    var now: @Sendable () -> Timestamp
    /// Returns a random UUID in lower case.
    var uuid: @Sendable () -> String

    /// Creates an environment from a clock and a generator of random UUIDs.
    package init(
        now: @escaping @Sendable () -> Timestamp, uuid: @escaping @Sendable () -> String
    ) {
        self.now = now
        self.uuid = uuid
    }

    static let system = PlanningEnvironment(now: SystemClock.now, uuid: RandomUUID.next)

    /// Returns the identity of an object that is created now.
    func identity() -> ObjectIdentity {
        ObjectIdentity(uid: uuid(), creationTimestamp: now().rfc3339Seconds)
    }
}

/// The operating system's clock.
package enum SystemClock {
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}

/// Random UUIDs (RFC 9562 version 4).
enum RandomUUID {
    /// Returns a UUID of 36 characters in lower case.
    static func next() -> String {
        // Asks for whole words, because the generator makes one system call for each number of any size.
        var generator = SystemRandomNumberGenerator()
        let words: [UInt64] = [generator.next(), generator.next()]
        return text(
            words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } })
    }

    /// Returns a UUID of version 4. All bits except those of the version and the variant come from the first 16 of
    /// `bytes`.
    static func text(_ bytes: [UInt8]) -> String {
        var bytes = Array(bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = Array(Hex.text(bytes).utf8)
        let groups = [hex[0..<8], hex[8..<12], hex[12..<16], hex[16..<20], hex[20..<32]]
        return groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
    }
}
