import Crypto
package import Documents
package import Domain

/// One write that a client asks for, as the endpoints hand it to the writer.
package struct ChangeRequest: Sendable {
    package var id: ChangeID
    package var context: ChangeContext
    /// Fingerprint (SHA-256 hex of method, path, query and body) of a request that carries an
    /// Idempotency-Key; nil when it carries none.
    package var fingerprint: String?
    package var operation: ChangeOperation
    package var precondition: Precondition
    package var options: ChangeOptions
    /// For keys of which a PUT leaves out members that are stored: what the last write of this API left
    /// there, with no entry when it never wrote the key. Nil when nobody looked.
    var lastWritten: [String: JSONValue]?
    /// Warnings about the text that the operation was read from.
    var textWarnings: [Violation] = []

    package init(
        id: ChangeID, context: ChangeContext, fingerprint: String? = nil,
        operation: ChangeOperation, precondition: Precondition = .none,
        options: ChangeOptions = ChangeOptions()
    ) {
        self.id = id
        self.context = context
        self.fingerprint = fingerprint
        self.operation = operation
        self.precondition = precondition
        self.options = options
    }
}

/// The requested change.
package enum ChangeOperation: Sendable {
    /// Create or replace the object with the client's document.
    case put(ObjectName, JSONValue)
    /// RFC 7396 JSON Merge Patch of the object's representation.
    case patch(ObjectName, JSONValue)
    case delete(ObjectName)
    /// Take the first free block of the region's address blocks as a new subnet.
    case allocateSubnet(region: String, JSONValue)
    /// Create or replace every object of the manifest, and delete those that `prune` picks and the manifest
    /// does not name: all or nothing.
    case apply(Manifest, prune: Selector?)

    /// The object the request names; for an allocation only its kind and region are known. Nil for a
    /// manifest.
    package var name: ObjectName? {
        switch self {
        case .apply: nil
        case .put(let name, _), .patch(let name, _), .delete(let name): name
        case .allocateSubnet(let region, let document):
            .subnet(region: region, name: document["name"]?.stringValue ?? "")
        }
    }

    /// The verb as the journal names it.
    package var verb: String {
        switch self {
        case .put: "put"
        case .patch: "patch"
        case .delete: "delete"
        case .allocateSubnet: "allocate"
        case .apply: "apply"
        }
    }
}

/// `If-Match` and `If-None-Match` (RFC 9110 section 13.1) over etcd mod_revisions.
package struct Precondition: Sendable, Equatable {
    /// The object must exist at one of these revisions; `.any` asks only that it exists.
    package var ifMatch: RevisionMatch?
    /// The object must not exist at one of these revisions; `.any` asks that it does not exist.
    package var ifNoneMatch: RevisionMatch?

    package static let none = Precondition(ifMatch: nil, ifNoneMatch: nil)

    package init(ifMatch: RevisionMatch?, ifNoneMatch: RevisionMatch?) {
        self.ifMatch = ifMatch
        self.ifNoneMatch = ifNoneMatch
    }

    /// Returns true if an object at `revision` (nil: absent) satisfies both conditions.
    package func holds(for revision: Int64?) -> Bool {
        let matches = ifMatch.map { $0.matches(revision) } ?? true
        let excluded = ifNoneMatch.map { $0.matches(revision) } ?? false
        return matches && !excluded
    }
}

/// The entity tags of one conditional header.
package enum RevisionMatch: Sendable, Equatable {
    case any
    case oneOf([Int64])

    /// Returns true if an object at `revision` matches; an absent one (nil) never does.
    package func matches(_ revision: Int64?) -> Bool {
        guard let revision else { return false }
        return switch self {
        case .any: true
        case .oneOf(let revisions): revisions.contains(revision)
        }
    }
}

/// Query parameters that a write may carry.
package struct ChangeOptions: Sendable, Equatable {
    /// Plan and answer, commit nothing.
    package var dryRun: Bool
    /// Warnings refuse the change.
    package var strict: Bool
    /// The client accepts that Neutron will delete what the legacy namespace `openstack` holds.
    package var acknowledgeLegacyLoss: Bool

    package init(dryRun: Bool = false, strict: Bool = false, acknowledgeLegacyLoss: Bool = false) {
        self.dryRun = dryRun
        self.strict = strict
        self.acknowledgeLegacyLoss = acknowledgeLegacyLoss
    }
}

/// The identity of one change: a ULID, or derived from principal and Idempotency-Key.
///
/// 26 characters of Crockford base32. A derived id begins with `k`, which no ULID before the
/// year 5000 does, so the two cannot meet.
package struct ChangeID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// A new ULID (https://github.com/ulid/spec): 48 bits of milliseconds since 1970, 80 random bits.
    package static func generate(
        unixMilliseconds: UInt64, using generator: inout some RandomNumberGenerator
    ) -> ChangeID {
        let high = (unixMilliseconds << 16) | UInt64(generator.next() as UInt16)
        return ChangeID(text: encode(high: high, low: generator.next()))
    }

    /// The id of every request of `principal` that carries `idempotencyKey`.
    package static func derived(principal: String, idempotencyKey: String) -> ChangeID {
        var hash = SHA256()
        hash.update(data: Array(principal.utf8))
        hash.update(data: [0])
        hash.update(data: Array(idempotencyKey.utf8))
        let digest = Array(hash.finalize())
        let high = digest[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let low = digest[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return ChangeID(text: "k" + encode(high: high, low: low).dropFirst())
    }

    /// Reads an id from a client or from etcd. Returns nil if `text` does not have the form of an id.
    package init?(_ text: String) {
        guard text.utf8.count == 26,
            text.utf8.allSatisfy({ Self.alphabet.contains($0) || $0 == UInt8(ascii: "k") })
        else { return nil }
        self.text = text
    }

    private init(text: String) { self.text = text }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private static func encode(high: UInt64, low: UInt64) -> String {
        // 128 bits in 26 digits of 5 bits, most significant first; the first digit holds 3 bits.
        var characters = [UInt8](repeating: 0, count: 26)
        var (high, low) = (high, low)
        for index in stride(from: 25, through: 0, by: -1) {
            characters[index] = alphabet[Int(low & 31)]
            low = (low >> 5) | (high << 59)
            high >>= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
