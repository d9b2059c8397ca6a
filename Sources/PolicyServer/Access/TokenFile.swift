import Documents
package import Domain
import Foundation
import Store

/// A token as the token file stores it: with a hash of the secret instead of the secret.
package struct StoredToken: Sendable {
    package var id: TokenID
    package var principal: String
    package var grants: [Grant]
    package var created: Timestamp
    /// The time from which the token is no longer valid; nil if the token never expires.
    package var expires: Timestamp?
    /// The id of the token that replaces this token; nil if this token has not been rotated.
    package var successor: TokenID?
    let hash: TokenHash

    package init(
        _ token: BearerToken, principal: String, grants: [Grant], created: Timestamp,
        expires: Timestamp?
    ) {
        id = token.id
        self.principal = principal
        self.grants = grants
        self.created = created
        self.expires = expires
        hash = TokenHash(token)
    }

    /// Returns true if the token has not expired at `now`.
    package func isValid(at now: Timestamp) -> Bool { expires.map { now < $0 } ?? true }
}

/// The file that `--token-file` names. Each line describes one token as a JSON object. Empty lines and lines that begin
/// with `#` are ignored.
package enum TokenFile {
    /// The maximum number of tokens in a file.
    package static let maximumTokens = 10_000
    /// The maximum size of a file in bytes.
    package static let maximumBytes = 16 << 20
    static let subject = "the token file"

    /// Reads the bytes of the file. Throws if other users have any access to it.
    package static func bytes(_ path: String) throws -> [UInt8] {
        try PrivateFile.read(path, subject: subject, maximumBytes: maximumBytes)
    }

    /// Parses the tokens. A `TokenFileError` contains the number of the wrong line, and never a hash.
    package static func parse(_ bytes: [UInt8]) throws(TokenFileError) -> [StoredToken] {
        var tokens: [StoredToken] = []
        var ids: Set<TokenID> = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let first = line.first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }
            guard let first, first != UInt8(ascii: "#") else { continue }
            let number = index + 1
            let token = try token(Array(line), line: number)
            guard ids.insert(token.id).inserted else {
                throw TokenFileError(line: number, "has the id of an earlier line")
            }
            tokens.append(token)
            guard tokens.count <= maximumTokens else {
                throw TokenFileError(
                    line: number,
                    "exceeds the limit of \(maximumTokens) tokens; revoke those that have expired")
            }
        }
        return tokens
    }

    /// Returns the content of a token file that contains `tokens`.
    package static func text(_ tokens: [StoredToken]) -> [UInt8] {
        tokens.reduce(into: []) { bytes, token in
            bytes += JSONSerializer.bytes(token.document)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// Applies `change` to the tokens of the file, and writes the file again. Comments in the old file are lost. Other
    /// commands that change the file wait until this update is done.
    ///
    /// - Parameter makes: True to create the file if it does not exist.
    package static func update<Result>(
        _ path: String, makes: Bool = false, _ change: (inout [StoredToken]) throws -> Result
    ) throws -> Result {
        try PrivateFile.update(path, subject: subject, maximumBytes: maximumBytes, makes: makes) {
            old in
            var tokens: [StoredToken]
            do {
                tokens = try parse(old)
            } catch {
                throw StartFailure("\(subject) \(path): \(error)")
            }
            let result = try change(&tokens)
            guard tokens.count <= maximumTokens else {
                throw StartFailure(
                    "\(subject) \(path) has \(maximumTokens) tokens already; revoke those that have expired"
                )
            }
            return (text(tokens), result)
        }
    }

    private static func token(
        _ line: [UInt8], line number: Int
    ) throws(TokenFileError) -> StoredToken {
        let object: JSONObject
        do {
            guard let value = try JSONParser.parse(line, limits: limits).objectValue else {
                throw TokenFileError(line: number, "is not a JSON object")
            }
            object = value
        } catch let error as DocumentError {
            throw TokenFileError(line: number, "is not JSON: \(error.message)")
        } catch let error as TokenFileError {
            throw error
        } catch {
            throw TokenFileError(line: number, "cannot be read")
        }
        do {
            return try StoredToken(object)
        } catch {
            throw TokenFileError(line: number, error.description)
        }
    }

    private static let limits = DocumentLimits(depth: 8, nodes: 10_000, members: 16)
}

extension [StoredToken] {
    /// Adds a successor of the token `id`. The successor has the same principal, grants and lifetime. The old token
    /// expires at `end`, or earlier if its own expiry is earlier. Throws if there is no such token, or if the token
    /// already has a successor.
    package mutating func rotate(
        _ id: String, end: Timestamp, now: Timestamp
    ) throws -> (token: BearerToken, stored: StoredToken) {
        let index = try index(of: id)
        let old = self[index]
        if let successor = old.successor {
            throw StartFailure("\(id) has been rotated already, to \(successor)")
        }
        let token = BearerToken()
        let life = old.expires.map { $0.microseconds - old.created.microseconds }
        let stored = StoredToken(
            token, principal: old.principal, grants: old.grants, created: now,
            expires: life.map { Timestamp(microseconds: now.microseconds + $0) })
        self[index].expires = old.expires.map { Swift.min($0, end) } ?? end
        self[index].successor = token.id
        append(stored)
        return (token, stored)
    }

    /// Returns the index of the token `id`. Throws if there is no such token. The error message does not contain `id`,
    /// because a user may have passed a whole token by mistake.
    package func index(of id: String) throws -> Int {
        guard let index = firstIndex(where: { $0.id.description == id }) else {
            throw StartFailure(
                "the file has no token with this id; `policy-server token list` shows the ids")
        }
        return index
    }
}

/// An error in a token file.
package struct TokenFileError: Error, CustomStringConvertible {
    package let description: String

    init(line: Int, _ problem: String) { description = "line \(line) \(problem)" }
}

extension StoredToken {
    fileprivate var document: JSONValue {
        var object = JSONObject()
        object["id"] = .string(id.description)
        object["principal"] = .string(principal)
        object["grants"] = .array(grants.map(\.document))
        object["created"] = .string(created.rfc3339Seconds)
        object["expires"] = expires.map { .string($0.rfc3339Seconds) }
        object["successor"] = successor.map { .string($0.description) }
        object["salt"] = .string(Hex.text(hash.salt))
        object["hash"] = .string(Hex.text(hash.digest))
        return .object(object)
    }

    fileprivate init(_ object: JSONObject) throws(GrantError) {
        for key in object.keys where !Self.members.contains(key) {
            throw GrantError("has an unknown member '\(key.cut(to: 64))'")
        }
        guard let id = object["id"]?.stringValue.flatMap({ TokenID($0) }) else {
            throw GrantError("needs an id of \(BearerToken.idLength) lower-case hexadecimal digits")
        }
        guard let principal = object["principal"]?.stringValue, Principal.isName(principal) else {
            throw GrantError("needs a principal: \(Principal.form), and not a reserved name")
        }
        guard let salt = object["salt"]?.stringValue.flatMap(Hex.bytes),
            let digest = object["hash"]?.stringValue.flatMap(Hex.bytes),
            let hash = TokenHash(salt: salt, digest: digest)
        else { throw GrantError("needs a salt and a hash, as `policy-server token` makes them") }
        guard let created = object["created"]?.stringValue.flatMap(Timestamp.init(rfc3339:)) else {
            throw GrantError("needs a time in the member 'created'")
        }
        guard let list = object["grants"]?.arrayValue, !list.isEmpty else {
            throw GrantError("needs a list of grants")
        }
        var expires: Timestamp?
        if let value = object["expires"] {
            guard let time = value.stringValue.flatMap(Timestamp.init(rfc3339:)) else {
                throw GrantError("has a member 'expires' that is not a time")
            }
            expires = time
        }
        if let value = object["successor"] {
            guard let id = value.stringValue.flatMap({ TokenID($0) }) else {
                throw GrantError("has a successor that is not an id")
            }
            successor = id
        }
        var grants: [Grant] = []
        for document in list { grants.append(try Grant(document)) }
        (self.id, self.principal, self.grants) = (id, principal, grants)
        (self.created, self.expires, self.hash) = (created, expires, hash)
    }

    private static let members = [
        "id", "principal", "grants", "created", "expires", "successor", "salt", "hash",
    ]
}
