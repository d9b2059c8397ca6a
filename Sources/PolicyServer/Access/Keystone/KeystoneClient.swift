import ControlPlane
import Crypto
import Documents
package import Domain
package import Logging
import ServiceLifecycle

/// Validates tokens at Keystone with the credential of this server.
///
/// The file of the credential is read each time this server requests a new token for itself. A changed file therefore
/// needs no restart. While the password is being changed, the file may have both the old and the new password.
package actor KeystoneClient: Service {
    private struct ServiceToken {
        var value: String
        let issued = ContinuousClock.now
        /// The time from which a new token is requested, shortly before this token expires.
        var renewal: Timestamp
    }

    /// The number of seconds to wait after Keystone has refused the credential of this server. Keystone can lock a user
    /// that fails too often.
    static let pause = 5
    /// The minimum time from the issue of a token that Keystone refused to the request for the next token. Keystone
    /// compares times in whole seconds. It therefore also refuses a token that was issued after a revocation but in
    /// the same second (`RevokeEvent` in keystone/models/revoke_model.py). After this time, that second is over.
    private static let revocationGrain = Duration.milliseconds(1_100)

    private let url: ProviderURL
    private let credential: @Sendable () throws(SettingError) -> KeystoneCredential
    private let client: ProviderClient
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private var current: ServiceToken?
    /// The digest of the `auth` object that Keystone accepted last. This object is tried first. Keystone counts each
    /// refused try, so the first try should succeed. Besides, trying the old password before the new one succeeds even
    /// if the password changes in Keystone between the two tries.
    private var accepted: SHA256Digest?
    private var renewal: Task<String, any Error>?
    private var refusal: (failure: KeystoneFailure, until: Timestamp)?
    private var isAnswering = true

    package init(
        url: ProviderURL, authorities: String? = nil, timeout: Duration = .seconds(5),
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = SystemClock.now,
        credential: @escaping @Sendable () throws(SettingError) -> KeystoneCredential
    ) {
        self.url = url
        self.credential = credential
        self.client = ProviderClient(
            authorities: authorities, timeout: timeout,
            connections: KeystoneAuthenticator.maximumQuestions)
        self.logger = logger
        self.now = now
    }

    /// Requests a token for this server, so that an error in the credential appears in the log at once. Then waits for
    /// the shutdown, and closes the connections.
    package func run() async throws {
        _ = try? await serviceToken()
        try? await gracefulShutdown()
        await client.shutDown()
    }

    /// Closes the connections. Only needed if `run()` was never called.
    package func close() async { await client.shutDown() }

    /// Returns the content of a token; nil if the token is unknown, expired or revoked. Throws if Keystone gives no
    /// usable answer.
    func validate(_ token: String) async throws(KeystoneFailure) -> KeystoneToken? {
        do {
            var answer = try await ask(token, as: try await serviceToken())
            // If Keystone refuses the token of this server, for example because the server's password was changed, the
            // next try uses a new token. Keystone also refuses the new token if it was issued in the same second as
            // the change, so there may be one more try.
            for _ in 0..<2 {
                guard try await refusesAsker(answer) else { break }
                answer = try await ask(token, as: try await serviceToken(replacing: answer.asker))
            }
            let result: KeystoneToken? =
                switch answer.status {
                case 200: try KeystoneToken(answer.body)
                case 404: nil
                case 403:
                    throw KeystoneFailure(
                        "the credential of this server does not allow it to validate tokens")
                default: throw KeystoneFailure("answers \(answer.status)")
                }
            note(nil)
            return result
        } catch {
            let failure = error as? KeystoneFailure ?? KeystoneFailure("\(error)")
            note(failure)
            throw failure
        }
    }

    private typealias Answer = (status: Int, body: [UInt8], asker: String)

    /// Returns true if Keystone refused the token of this server (the asker's token). Returns false if `answer` is
    /// about the token that this server asked about.
    ///
    /// Keystone answers 401 if the asker's token is not valid. If the application credential of either token was
    /// deleted, Keystone answers 404 as for an unknown token (`ApplicationCredentialNotFound` in
    /// keystone/exception.py). In this case, a question about the asker's token shows whether that token is still
    /// valid.
    private func refusesAsker(_ answer: Answer) async throws -> Bool {
        guard answer.status == 404 else { return answer.status == 401 }
        let error = (try? JSONParser.parse(answer.body, limits: .body))?["error"]
        let message = error?["message"]?.stringValue?.lowercased() ?? ""
        guard message.contains("application credential") else { return false }
        return try await ask(answer.asker, as: answer.asker).status != 200
    }

    private func ask(_ token: String, as asker: String) async throws -> Answer {
        let answer = try await client.send(
            ProviderRequest(
                url: "\(url)/v3/auth/tokens?nocatalog",
                headers: [
                    ("X-Auth-Token", asker), ("X-Subject-Token", token),
                    ("Accept", "application/json"),
                ],
                answerBytes: KeystoneToken.maximumAnswerBytes))
        return (answer.status, answer.body, asker)
    }

    /// Returns a token for this server. Never returns the stored token if it is `old`, because Keystone has refused
    /// `old`. Simultaneous calls share one request.
    private func serviceToken(replacing old: String? = nil) async throws -> String {
        if let current, current.value != old, now() < current.renewal { return current.value }
        if let renewal { return try await renewal.value }
        if let refusal, now() < refusal.until { throw refusal.failure }
        // The request runs in a task that belongs to this actor. If the task belonged to the first caller, cancelling
        // that caller would fail the other callers too.
        let wait = current.flatMap { current in
            current.value == old ? Self.revocationGrain - (.now - current.issued) : nil
        }
        let task = Task {
            if let wait, wait > .zero { try await Task.sleep(for: wait) }
            return try await authenticate()
        }
        renewal = task
        defer { renewal = nil }
        return try await task.value
    }

    private func authenticate() async throws -> String {
        let answer = try await answerToCredential()
        guard answer.status == 201 else {
            let failure = KeystoneFailure(
                answer.status == 401
                    ? "refuses the credential of this server"
                    : "answers \(answer.status) to the credential of this server")
            if 400..<500 ~= answer.status {
                refusal = (failure, now().adding(seconds: Self.pause))
            }
            throw failure
        }
        guard let value = answer.header("X-Subject-Token"), KeystoneToken.isPossible(value) else {
            throw KeystoneFailure("the answer has no token for this server")
        }
        let expires = try KeystoneToken(answer.body).expires
        let time = now()
        let lifetime = Int((expires.microseconds - time.microseconds) / 1_000_000)
        current = ServiceToken(
            value: value, renewal: expires.adding(seconds: -min(120, max(0, lifetime / 4))))
        refusal = nil
        logger.info("authenticated at Keystone", metadata: ["expires": "\(expires.rfc3339Seconds)"])
        return value
    }

    /// Sends the credential, and returns the answer. If the file has two passwords and Keystone refuses one of them,
    /// sends the other one.
    private func answerToCredential() async throws -> ProviderAnswer {
        let bodies: [[UInt8]]
        do throws(SettingError) {
            bodies = try credential().authentications.map { JSONSerializer.bytes(["auth": $0]) }
        } catch {
            throw KeystoneFailure(error.message)
        }
        let known = bodies.filter { SHA256.hash(data: $0) == accepted }
        var refusal: ProviderAnswer?
        for body in known + bodies.filter({ !known.contains($0) }) {
            let answer = try await client.send(
                ProviderRequest(
                    method: "POST", url: "\(url)/v3/auth/tokens?nocatalog",
                    headers: [
                        ("Content-Type", "application/json"), ("Accept", "application/json"),
                    ],
                    body: body, answerBytes: KeystoneToken.maximumAnswerBytes))
            if answer.status == 201 { accepted = SHA256.hash(data: body) }
            guard answer.status == 401 else { return answer }
            refusal = answer
        }
        guard let refusal else { throw KeystoneFailure("no credential was sent") }
        return refusal
    }

    /// Logs the first failure, and the first success after a failure.
    private func note(_ failure: KeystoneFailure?) {
        if let failure, isAnswering {
            logger.error("Keystone gives no usable answer", metadata: ["error": "\(failure)"])
        } else if failure == nil, !isAnswering {
            logger.notice("Keystone answers again")
        }
        isAnswering = failure == nil
    }
}
