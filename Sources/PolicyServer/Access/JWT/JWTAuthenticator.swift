import ControlPlane
import Crypto
package import Domain
package import HTTPCore
import HTTPTypes
import JWTKit

/// Authenticates requests with a bearer token that an OpenID Connect provider signed (RFC 6750, RFC 9068).
///
/// A token that was verified within the last `cacheSeconds` is accepted on the event loop. Other tokens are verified in
/// a task.
package struct JWTAuthenticator: Authenticator {
    /// The maximum number of verified tokens in memory.
    static let cacheCapacity = 10_000
    /// The number of seconds for which a verification is valid. A change of the key set or of the file of rules ends
    /// the validity at once.
    static let cacheSeconds = 60

    private let keys: JWKSStore
    private let rules: JWTRules
    private let cache = IdentityCache(capacity: Self.cacheCapacity)
    private let now: @Sendable () -> Timestamp

    package init(
        keys: JWKSStore, rules: JWTRules,
        now: @escaping @Sendable () -> Timestamp = SystemClock.now
    ) {
        self.keys = keys
        self.rules = rules
        self.now = now
    }

    package var method: AuthenticationMethod { .jwt }
    package var challenge: String? { AuthorizationField.bearerChallenge }

    package func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let token = try AuthorizationField.bearer(request), JWT.hasForm(token) else {
            return nil
        }
        guard let snapshot = keys.snapshot() else { throw Self.unavailable }
        // The size is checked before the digest is computed, because a long token would make the digest slow.
        guard token.utf8.count <= JWT.maximumBytes else {
            throw Self.refused(JWTRefusal("is larger than \(JWT.maximumBytes) bytes"))
        }
        let digest = SHA256Digest(credential: token)
        // The generations of the keys and of the rules only grow, so their sum differs after each change.
        let generation = snapshot.generation + rules.grants().generation
        if let known = cache.identity(digest, at: now(), generation: generation) {
            return .identity(known)
        }
        return .later { try await verify(token, digest) }
    }

    private func verify(_ token: Substring, _ digest: SHA256Digest) async throws -> Identity {
        do {
            let jwt = try JWT(token)
            // The claims are checked before the signature, because that check is cheaper. No claim is used unless both
            // checks succeed.
            //
            // The generation of the rules is read before the rules. If the rules change in between, the identity is
            // cached with the old generation, so the cache never returns it.
            let rulesGeneration = rules.grants().generation
            let (identity, expires) = try rules.identity(jwt.claims, at: now())
            let (verifier, keysGeneration) = try await verifier(jwt)
            guard (try? verifier.verify(jwt.signature, signs: jwt.signedBytes)) == true else {
                throw JWTRefusal("has a wrong signature")
            }
            let time = now()
            cache.store(
                identity, for: digest, at: time,
                until: min(expires, time.adding(seconds: Self.cacheSeconds)),
                generation: keysGeneration + rulesGeneration)
            return identity
        } catch let refusal as JWTRefusal {
            throw Self.refused(refusal)
        }
    }

    /// Returns the key that the header of the token identifies. If no key has the id in the header, loads the keys
    /// again once, and repeats the search.
    private func verifier(_ jwt: JWT) async throws -> (any JWTAlgorithm, generation: UInt64) {
        for isSecondTry in [false, true] {
            guard let snapshot = keys.snapshot() else { throw Self.unavailable }
            switch snapshot.set.key(jwt.keyID, jwt.algorithm) {
            case .found(let verifier): return (verifier, snapshot.generation)
            case .unusable:
                throw JWTRefusal("does not name exactly one key that fits its algorithm")
            case .unknownID:
                if !isSecondTry { await keys.refreshForUnknownKey() }
            }
        }
        throw JWTRefusal("is signed with an unknown key")
    }

    private static func refused(_ refusal: JWTRefusal) -> Problem {
        .invalidToken("The token \(refusal.reason).")
    }

    private static var unavailable: Problem {
        ProblemKind.identityUnavailable.problem(
            "The keys that verify tokens are not loaded, because their source does not answer. Try again later."
        )
    }
}
