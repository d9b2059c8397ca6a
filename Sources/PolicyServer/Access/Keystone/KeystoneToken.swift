import Documents
package import Domain

/// A validated token (Identity API v3, "Validate and show information for token").
package struct KeystoneToken: Sendable, Equatable {
    /// The maximum size of an answer of Keystone in bytes. Real answers are far smaller, because this server asks for
    /// no service catalog.
    package static let maximumAnswerBytes = 256 << 10
    /// The maximum size of a token in bytes. Fernet tokens have some 200 bytes, and signed tokens (JWS) some 1 KiB.
    static let maximumBytes = 8 << 10

    /// A name with its id. Names are unique only in their domain.
    package struct Reference: Sendable, Equatable {
        var id: String
        var name: String
        var domainID: String
        var domainName: String
    }

    /// The part of the cloud for which the roles are valid.
    package enum Scope: Sendable, Equatable {
        case none
        case project(Reference)
        case domain(id: String, name: String)
        case system
    }

    package var user: Reference
    package var scope: Scope
    /// The names of the roles.
    package var roles: [String]
    package var expires: Timestamp
    /// The id of the token in Keystone's own audit log. It is not a secret.
    package var auditID: String?
    /// True if the token comes from a trust or from OAuth 1.0a. A person other than `user` may hold such a token.
    package var isDelegated: Bool

    /// Reads the body of an answer. Throws if it is not a token.
    package init(_ body: [UInt8]) throws(KeystoneFailure) {
        let limits = DocumentLimits(depth: 16, nodes: 20_000, members: 1_024, numberLength: 64)
        guard let document = try? JSONParser.parse(body, limits: limits),
            let token = document["token"],
            let user = Self.reference(token["user"]),
            let expires = token["expires_at"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        else { throw KeystoneFailure("the answer is not a token") }
        self.user = user
        self.expires = expires
        isDelegated = ["OS-TRUST:trust", "OS-OAUTH1"].contains { token[$0] != nil }
        scope = try Self.scope(token)
        let roles = token["roles"].map { $0.arrayValue ?? [.null] } ?? []
        self.roles = roles.compactMap { $0["name"]?.stringValue }
        guard self.roles.count == roles.count else {
            throw KeystoneFailure("the answer has roles without names")
        }
        auditID = token["audit_ids"]?.arrayValue?.first?.stringValue.flatMap {
            $0.isVisibleASCII(1...128) ? $0 : nil
        }
    }

    private static func scope(_ token: JSONValue) throws(KeystoneFailure) -> Scope {
        var scopes: [Scope] = []
        if let project = token["project"] {
            guard let project = reference(project) else {
                throw KeystoneFailure("the answer has an incomplete project")
            }
            scopes.append(.project(project))
        }
        if let domain = token["domain"] {
            guard let id = domain["id"]?.stringValue, let name = domain["name"]?.stringValue else {
                throw KeystoneFailure("the answer has an incomplete domain")
            }
            scopes.append(.domain(id: id, name: name))
        }
        if token["system"]?["all"]?.boolValue == true { scopes.append(.system) }
        guard scopes.count <= 1 else { throw KeystoneFailure("the answer has two scopes") }
        return scopes.first ?? .none
    }

    private static func reference(_ value: JSONValue?) -> Reference? {
        guard let id = value?["id"]?.stringValue, let name = value?["name"]?.stringValue,
            let domainID = value?["domain"]?["id"]?.stringValue,
            let domainName = value?["domain"]?["name"]?.stringValue, !id.isEmpty, !name.isEmpty
        else { return nil }
        return Reference(id: id, name: name, domainID: domainID, domainName: domainName)
    }

    /// Returns true if `text` has the form of a token. Other texts are refused without asking Keystone.
    static func isPossible(_ text: String) -> Bool {
        1...maximumBytes ~= text.utf8.count
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: "="), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}
