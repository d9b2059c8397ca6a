import ControlPlane
import Crypto
package import Domain
package import HTTPCore
import HTTPTypes
import Synchronization

/// Authenticates requests with a token of OpenStack Keystone in `X-Auth-Token`.
///
/// The identity of a validated token is cached for `cacheSeconds`, and requests with a cached token are accepted on the
/// event loop. This server notices the revocation of a token only when that time is over.
package struct KeystoneAuthenticator: Authenticator {
    /// The maximum number of validated tokens in memory.
    static let cacheCapacity = 10_000
    /// The maximum number of simultaneous questions to Keystone.
    package static let maximumQuestions = 32
    /// The maximum number of requests that wait until they may ask Keystone.
    static let maximumWaiting = 256
    /// The number of seconds for which a refused token is refused again without asking Keystone.
    static let refusalSeconds = 10
    /// The maximum number of refused tokens in memory.
    static let refusalCapacity = 1_000

    private enum Outcome: Sendable {
        case identity(Identity)
        case refused
        case unnamed
        case delegated
        case unavailable
        case busy
    }

    private struct State {
        var questions: [SHA256Digest: Task<Outcome, Never>] = [:]
        /// The refused tokens. Each value is the time at which Keystone may be asked about the token again.
        var refusals = LRUCache<SHA256Digest, Timestamp>(capacity: refusalCapacity)
    }

    private final class Memory: Sendable {
        let identities = IdentityCache(capacity: KeystoneAuthenticator.cacheCapacity)
        let state = Mutex(State())
        let gate = QuestionGate(
            active: KeystoneAuthenticator.maximumQuestions,
            waiting: KeystoneAuthenticator.maximumWaiting)
    }

    private let client: KeystoneClient
    private let url: ProviderURL
    private let rules: @Sendable () -> (value: KeystoneRules, generation: UInt64)
    private let cacheSeconds: Int
    private let now: @Sendable () -> Timestamp
    private let memory = Memory()

    /// - Parameters:
    ///   - rules: Returns the rules in force and their generation. When the generation changes, cached validations are
    ///     no longer used.
    ///   - cacheSeconds: The number of seconds for which a validation is valid; 0 asks Keystone for each request.
    package init(
        client: KeystoneClient, url: ProviderURL,
        rules: @escaping @Sendable () -> (value: KeystoneRules, generation: UInt64),
        cacheSeconds: Int = 60,
        now: @escaping @Sendable () -> Timestamp = SystemClock.now
    ) {
        self.client = client
        self.url = url
        self.rules = rules
        self.cacheSeconds = cacheSeconds
        self.now = now
    }

    package var method: AuthenticationMethod { .keystone }
    package var challenge: String? { "Keystone uri=\"\(url)\"" }

    package func authenticate(_ request: Request) throws(Problem) -> Authentication? {
        guard let token = request.headers[.authToken] else { return nil }
        guard KeystoneToken.isPossible(token) else { throw refused }
        let digest = SHA256Digest(credential: token)
        let time = now()
        let known = memory.identities.identity(digest, at: time, generation: rules().generation)
        if let known { return .identity(known) }
        let isRefused = memory.state.withLock { state in
            state.refusals.value(digest).map { time < $0 } ?? false
        }
        if isRefused { throw refused }
        return .later { try await identity(token, digest) }
    }

    private func identity(_ token: String, _ digest: SHA256Digest) async throws -> Identity {
        switch await outcome(token, digest) {
        case .identity(let identity): return identity
        case .refused: throw refused
        case .unnamed:
            throw unauthenticated(
                "The name of the Keystone user cannot be a principal: it is too long or reserved.")
        case .delegated:
            throw unauthenticated(
                "The Keystone token was delegated with a trust or with OAuth, so it does not show who uses it: "
                    + "send a token of your own user.")
        case .unavailable:
            throw ProblemKind.identityUnavailable.problem(
                "The token cannot be validated, because Keystone does not answer. Try again later.")
        case .busy:
            throw ProblemKind.identityUnavailable.problem(
                "The token cannot be validated now, because too many requests wait for Keystone. Try again later."
            )
        }
    }

    private func outcome(_ token: String, _ digest: SHA256Digest) async -> Outcome {
        // Without a cache, each request asks Keystone itself. It must not share the answer to an earlier request,
        // because the token may have been revoked after that answer. The question runs in a separate task. Otherwise a
        // client that disconnects would cancel the question, which would look like a failure of Keystone.
        guard cacheSeconds > 0 else { return await Task { await ask(token, digest) }.value }
        let question = memory.state.withLock { state in
            if let question = state.questions[digest] { return question }
            // All requests with this token wait for the same task. The cancellation of one request does not cancel the
            // task.
            let question = Task {
                let outcome = await ask(token, digest)
                memory.state.withLock { $0.questions[digest] = nil }
                return outcome
            }
            state.questions[digest] = question
            return question
        }
        return await question.value
    }

    private func ask(_ token: String, _ digest: SHA256Digest) async -> Outcome {
        switch await memory.gate.enter() {
        case .entered: break
        case .full: return .busy
        case .failed: return .unavailable
        }
        // The lifetime of a cached result begins now, before the question is sent to Keystone. The token may be
        // revoked while the answer is on its way. If the lifetime began at the arrival of the answer, the revoked
        // token would be accepted for too long.
        let asked = now()
        do throws(KeystoneFailure) {
            let found = try await client.validate(token)
            memory.gate.leave()
            guard let found else {
                let seconds = min(cacheSeconds, Self.refusalSeconds)
                if seconds > 0 {
                    memory.state.withLock {
                        $0.refusals.set(digest, asked.adding(seconds: seconds))
                    }
                }
                return .refused
            }
            guard !found.isDelegated else { return .delegated }
            let (rules, generation) = rules()
            guard let identity = rules.identity(found) else { return .unnamed }
            memory.identities.store(
                identity, for: digest, at: asked,
                until: min(found.expires, asked.adding(seconds: cacheSeconds)),
                generation: generation)
            return .identity(identity)
        } catch {
            memory.gate.leaveFailed()
            return .unavailable
        }
    }

    private var refused: Problem {
        unauthenticated("The Keystone token is not valid: it is unknown, expired or revoked.")
    }

    private func unauthenticated(_ detail: String) -> Problem {
        var problem = ProblemKind.unauthenticated.problem(detail)
        problem.headers[.wwwAuthenticate] = challenge
        return problem
    }
}
