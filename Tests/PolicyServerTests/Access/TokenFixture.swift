import Domain
import Foundation
import HTTPCore
import HTTPTypes
import PolicyServer
import TestSupport

/// A token file in a temporary directory, with a clock that the test sets.
final class TokenFixture: Sendable {
    static let start = Timestamp(microseconds: 1_800_000_000_000_000)

    let directory: TemporaryDirectory
    var path: String { directory.file("tokens") }

    init() throws { directory = try TemporaryDirectory() }

    /// Adds a token to the file and returns it.
    @discardableResult
    func add(
        _ principal: String = "ci@example.org", _ grants: [Grant] = [Grant(.editor)],
        expires: Timestamp? = nil
    ) throws -> BearerToken {
        try TokenFile.update(path, makes: true) { tokens in
            let token = BearerToken()
            tokens.append(
                StoredToken(
                    token, principal: principal, grants: grants, created: Self.start,
                    expires: expires))
            return token
        }
    }

    /// Returns a file of grants with the content `text`.
    static func grants(_ text: String) throws -> ReloadingFile<GrantTable> {
        let fixture = try TokenFixture()
        try fixture.write(text)
        return try ReloadingFile(
            fixture.path, subject: "the file of grants", bytes: GrantTable.bytes
        ) { try GrantTable($0) }
    }

    func reloadingFile() throws -> ReloadingFile<TokenTable> {
        try ReloadingFile(path, subject: "the token file", bytes: TokenFile.bytes) {
            TokenTable(try TokenFile.parse($0))
        }
    }

    func authenticator(
        at now: Timestamp = TokenFixture.start
    ) throws -> TokenAuthenticator {
        TokenAuthenticator(file: try reloadingFile(), now: { now })
    }

    /// Replaces the content of the file in one step.
    func write(_ text: String, mode: Int = 0o600) throws {
        let temporary = directory.file("new")
        let isMade = FileManager.default.createFile(
            atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        guard isMade, rename(temporary, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func text() throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}

extension Request {
    /// A request with the values of the field Authorization.
    static func authorized(_ values: String...) -> Request {
        var headers = HTTPFields()
        for value in values { headers.append(HTTPField(name: .authorization, value: value)) }
        return Request(headers: headers)
    }
}

extension Authentication {
    /// The identity; nil for work that is not done yet.
    var identity: Identity? {
        if case .identity(let identity) = self { identity } else { nil }
    }
}
