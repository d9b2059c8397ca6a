import Crypto
package import Documents
package import Domain

/// A write that a client requests. The endpoints pass it to the writer.
package struct ChangeRequest: Sendable {
    package var id: ChangeID
    package var context: ChangeContext
    /// The rights of the caller over objects.
    package var scope: AccessScope
    /// The fingerprint of a request with an Idempotency-Key: the SHA-256, in hex, of method, path, query and body.
    /// Nil if the request has no Idempotency-Key.
    package var fingerprint: String?
    package var operation: ChangeOperation
    package var precondition: Precondition
    package var options: ChangeOptions
    /// For each object that would lose labels or fields, the value that this API last wrote, by etcd key. An object
    /// that this API never wrote has no entry. Nil if the ledger was not asked, or could not answer.
    var lastWritten: [String: JSONValue]?
    /// The id of the caller's token or certificate; nil for an authentication method without either. The id is not
    /// secret.
    package var credential: String?
    /// True if the caller asks to skip the second person. Such a request has a reason.
    package var isBreakGlass = false
    /// Warnings about unquoted strings in the documents; see `UnquotedText`.
    var textWarnings: [Violation] = []

    package init(
        id: ChangeID, context: ChangeContext, scope: AccessScope, fingerprint: String? = nil,
        operation: ChangeOperation, precondition: Precondition = .none,
        options: ChangeOptions = ChangeOptions()
    ) {
        self.id = id
        self.context = context
        self.scope = scope
        self.fingerprint = fingerprint
        self.operation = operation
        self.precondition = precondition
        self.options = options
    }
}

/// The requested change.
package enum ChangeOperation: Sendable {
    /// Creates the object, or replaces it with the client's document.
    case put(ObjectName, JSONValue)
    /// Applies a JSON Merge Patch (RFC 7396) to the object's representation.
    case patch(ObjectName, JSONValue)
    case delete(ObjectName)
    /// Takes the first free block of the region's address blocks as a new subnet.
    case allocateSubnet(region: String, JSONValue)
    /// Creates or replaces every object of the manifest. Deletes the objects that `prune` selects and the manifest
    /// does not name. All changes are applied, or none.
    case apply(Manifest, prune: Selector?)
    /// Confirms or ends a pending change.
    case settle(PendingAction, ChangeID)

    /// The object that the request names; nil for a manifest or a pending change. For an allocation that leaves the
    /// name out, the name is empty.
    package var name: ObjectName? {
        switch self {
        case .apply, .settle: nil
        case .put(let name, _), .patch(let name, _), .delete(let name): name
        case .allocateSubnet(let region, let document):
            .subnet(region: region, name: document["name"]?.stringValue ?? "")
        }
    }

    /// The verb in the journal.
    package var verb: String {
        switch self {
        case .put: "put"
        case .patch: "patch"
        case .delete: "delete"
        case .allocateSubnet: "allocate"
        case .apply: "apply"
        case .settle(let action, _): action.rawValue
        }
    }
}

/// The conditions `If-Match` and `If-None-Match` (RFC 9110 section 13.1). Both compare etcd mod_revisions.
package struct Precondition: Sendable, Equatable {
    /// The object must be at one of these revisions. `.any` requires only that the object exists.
    package var ifMatch: RevisionMatch?
    /// The object must not be at any of these revisions. `.any` requires that the object does not exist.
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

    /// Returns true if an object at `revision` matches. An absent object (nil) never matches.
    package func matches(_ revision: Int64?) -> Bool {
        guard let revision else { return false }
        return switch self {
        case .any: true
        case .oneOf(let revisions): revisions.contains(revision)
        }
    }
}

/// The query parameters of a write.
package struct ChangeOptions: Sendable, Equatable {
    /// True if the change is planned and the plan is returned, but nothing is committed.
    package var dryRun: Bool
    /// True if warnings cause a refusal.
    package var strict: Bool
    /// True if the client accepts that Neutron will delete the contents of the legacy namespace `openstack`.
    package var acknowledgeLegacyLoss: Bool

    package init(dryRun: Bool = false, strict: Bool = false, acknowledgeLegacyLoss: Bool = false) {
        self.dryRun = dryRun
        self.strict = strict
        self.acknowledgeLegacyLoss = acknowledgeLegacyLoss
    }
}

/// The identity of one change. It is a ULID, or it is derived from the principal and the Idempotency-Key.
///
/// An id has 26 characters of Crockford base32. A derived id begins with `k`. A ULID never begins with `k`, so the two
/// forms cannot collide.
package struct ChangeID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// Returns a new ULID (https://github.com/ulid/spec): 48 bits of milliseconds since 1970 and 80 random bits.
    package static func generate(
        unixMilliseconds: UInt64, using generator: inout some RandomNumberGenerator
    ) -> ChangeID {
        let high = (unixMilliseconds << 16) | UInt64(generator.next() as UInt16)
        return ChangeID(text: encode(high: high, low: generator.next()))
    }

    /// Returns the id that all requests of `principal` with `idempotencyKey` share.
    package static func derived(principal: String, idempotencyKey: String) -> ChangeID {
        var hash = SHA256()
        hash.update(data: Array(principal.utf8))
        // The zero byte separates the two strings, so that different pairs never give the same bytes.
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
        // The id holds 128 bits in 26 digits of 5 bits each, most significant digit first. The first digit holds 3
        // bits.
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
