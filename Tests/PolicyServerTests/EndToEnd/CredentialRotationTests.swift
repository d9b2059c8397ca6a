import ControlPlane
import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport
import Testing

extension EndToEndTests {
    /// Tests that the tokens of clients and the keys of their provider can be replaced while clients read and write, as
    /// docs/operate/rotation.md says.
    struct CredentialRotationTests {
        /// Runs `body` while clients send requests with `credential`. Expects that every request succeeds.
        private static func underLoad(
            _ flags: [Setting: [String]], _ credential: HTTPFields,
            _ body: @Sendable (TestApplication, CredentialLoad) async throws -> Void
        ) async throws {
            try await TestApplication.with(flags: flags) { application in
                let load = CredentialLoad(port: application.client.port, credential)
                async let requests: Void = load.run(clients: 4)
                do {
                    try await load.wait(for: 40)
                    try await body(application, load)
                    try await load.wait(for: 40)
                } catch {
                    Issue.record(error)
                }
                load.stop()
                await requests
                #expect(load.failures == [])
            }
        }

        private static func write(_ bytes: some Collection<UInt8>, to path: String) throws {
            let isWritten = FileManager.default.createFile(
                atPath: path + ".new", contents: Data(bytes),
                attributes: [.posixPermissions: 0o600])
            guard isWritten, rename(path + ".new", path) == 0 else {
                throw CocoaError(.fileWriteUnknown)
            }
        }

        private static func bearer(_ token: String) -> HTTPFields {
            [.authorization: "Bearer \(token)"]
        }

        /// Waits until a request with the credential gets `status`.
        private static func status(
            _ status: Int, _ application: TestApplication, _ credential: HTTPFields
        ) async throws {
            try await eventually("an answer with \(status)") {
                // Ten failed attempts would close the address, which all clients of the test share.
                try await Task.sleep(for: .seconds(1))
                return try await application.client.send(
                    .get, "/v1/whoami", headers: credential
                ).status == status
            }
        }

        @Test func `no request fails while a bearer token is rotated`() async throws {
            let tokens = try TokenFixture()
            let old = try tokens.add("ci@example.org", [Grant(.editor)])
            let flags: [Setting: [String]] = [
                .authenticate: ["token"], .tokenFile: [tokens.path],
            ]
            try await Self.underLoad(flags, Self.bearer(old.secretText)) { application, load in
                let now = SystemClock.now()
                let new = try TokenFile.update(tokens.path) {
                    try $0.rotate(
                        old.id.description,
                        end: Timestamp(microseconds: now.microseconds + 3_600_000_000), now: now
                    ).token
                }
                // The servers read the file before the client gets its token.
                try await Self.status(200, application, Self.bearer(new.secretText))
                try await load.wait(for: 40)
                load.use(Self.bearer(new.secretText))
                try await load.wait(for: 40)
                try TokenFile.update(tokens.path) { tokens in
                    _ = tokens.remove(at: try tokens.index(of: old.id.description))
                }
                try await Self.status(401, application, Self.bearer(old.secretText))
            }
        }

        @Test func `no request fails while the provider changes its signing key`() async throws {
            let directory = try TemporaryDirectory()
            let (keys, rules) = (directory.file("jwks.json"), directory.file("rules.yaml"))
            let issuer = try await TokenIssuer.trusted.value
            let now = SystemClock.now().microseconds / 1_000_000
            func token(_ algorithm: String, _ key: String) throws -> String {
                try issuer.token(
                    algorithm, key: key,
                    claims: [
                        "iat": .number(JSONNumber(now - 10)),
                        "exp": .number(JSONNumber(now + 3_600)),
                    ])
            }
            @Sendable func publish(_ ids: [String]) throws {
                try Self.write(JSONSerializer.bytes(issuer.keySet(ids)), to: keys)
            }
            let (old, new) = (
                Self.bearer(try token("ES256", "p256")), Self.bearer(try token("EdDSA", "ed"))
            )
            try publish(["p256"])
            try Self.write(
                "rules: [{value: net-east, grants: [{role: editor}]}]".utf8, to: rules)
            let flags: [Setting: [String]] = [
                .authenticate: ["jwt"], .jwtIssuer: [TokenIssuer.issuer],
                .jwtAudience: ["policy-server"], .jwtKeys: [keys], .jwtRules: [rules],
            ]
            try await Self.underLoad(flags, old) { application, load in
                // A provider publishes the next key before it signs with it.
                try publish(["p256", "ed"])
                try await Self.status(200, application, new)
                try await load.wait(for: 40)
                load.use(new)
                try await load.wait(for: 40)
                try publish(["ed"])
                try await Self.status(401, application, old)
            }
        }
    }
}
