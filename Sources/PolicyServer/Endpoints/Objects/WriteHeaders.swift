package import ControlPlane
import Crypto
import Documents
import Domain
package import HTTPCore
import HTTPTypes

/// The headers and query parameters of a write. They contain the actor, the reason and the preconditions.
package struct WriteHeaders: Sendable {
    package var context: ChangeContext
    package var precondition: Precondition
    package var options: ChangeOptions
    package var idempotencyKey: String?
    /// True if the caller asks to apply the change without a second person.
    package var isBreakGlass: Bool

    private let request: Request

    /// Reads the headers and parameters. Throws a 400 problem for a malformed one.
    package init(_ request: Request) throws(Problem) {
        self.request = request
        context = try ChangeContext(request)
        precondition = try Self.precondition(request)
        options = ChangeOptions(
            dryRun: try request.query("dryRun", as: Bool.self) ?? false,
            strict: try request.query("strict", as: Bool.self) ?? false,
            acknowledgeLegacyLoss: try request.query("acknowledgeLegacyLoss", as: Bool.self)
                ?? false)
        idempotencyKey = request.headers[.idempotencyKey]
        if let idempotencyKey, !idempotencyKey.isVisibleASCII(1...255) {
            throw .malformed("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        }
        isBreakGlass = try Self.breakGlass(request, reason: context.reason)
        context.idempotencyKeyHash = idempotencyKey.map(Idempotency.hash)
    }

    /// Returns the change request to submit.
    package func changeRequest(
        _ operation: ChangeOperation, body: [UInt8], freshID: () -> ChangeID
    ) -> ChangeRequest {
        // The same actor and the same key always give the same change id, so a repeated write is found by its id.
        let id = idempotencyKey.map {
            ChangeID.derived(principal: context.actor, idempotencyKey: $0)
        }
        var change = ChangeRequest(
            id: id ?? freshID(), context: context, scope: request.caller.scope,
            fingerprint: idempotencyKey.map { _ in Idempotency.fingerprint(request, body: body) },
            operation: operation, precondition: precondition, options: options)
        change.credential = request.caller.credential
        change.isBreakGlass = isBreakGlass
        return change
    }

    /// Reads X-Break-Glass. A change without a second person raises an alarm that shows the reason. The reason must
    /// therefore have at least 10 characters.
    private static func breakGlass(_ request: Request, reason: String?) throws(Problem) -> Bool {
        switch request.headers[.breakGlass] {
        case nil, "false"?: return false
        case "true"?: break
        default: throw .malformed("X-Break-Glass must be true or false.")
        }
        guard let reason, reason.unicodeScalars.count >= 10 else {
            throw .malformed(
                "X-Break-Glass needs X-Reason with at least 10 characters: say why the change cannot wait for a second person."
            )
        }
        return true
    }

    private static func precondition(_ request: Request) throws(Problem) -> Precondition {
        Precondition(
            // If-Match needs the strong comparison, and If-None-Match the weak one (RFC 9110 section 13.1).
            ifMatch: try tags(request.headers[.ifMatch], "If-Match", .strong),
            ifNoneMatch: try tags(request.headers[.ifNoneMatch], "If-None-Match", .weak))
    }

    private static func tags(
        _ value: String?, _ name: String, _ comparison: EntityTags.Comparison
    ) throws(Problem) -> RevisionMatch? {
        guard let value else { return nil }
        guard let match = EntityTags.parse(value, comparison) else {
            throw .malformed("\(name) must be * or a list of entity tags, such as \"42\".")
        }
        return match
    }
}

/// Recognises repeated writes.
enum Idempotency {
    /// Returns the SHA-256 hash of method, path, query and body, in hex. The order of the query parameters does not
    /// matter.
    static func fingerprint(_ request: Request, body: [UInt8]) -> String {
        var hash = SHA256()
        let query = request.query.items.map { "\($0.name)=\($0.value)" }.sorted()
        for part in [request.method.rawValue, request.path] + query {
            // A zero byte marks the end of each part. Without it, the parts `ab` and `c` would have the same hash as
            // the parts `a` and `bc`.
            hash.update(data: Array(part.utf8) + [0])
        }
        hash.update(data: [0])
        hash.update(data: body)
        return Hex.text(Array(hash.finalize()))
    }

    /// Returns the SHA-256 hash of an idempotency key, in hex. The ledger stores this hash instead of the key.
    static func hash(_ key: String) -> String {
        Hex.text(Array(SHA256.hash(data: Array(key.utf8))))
    }
}
