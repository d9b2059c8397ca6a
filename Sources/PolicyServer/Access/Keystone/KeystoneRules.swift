import Documents
package import Domain

/// The rules that map a validated token to an identity.
package struct KeystoneRules: Sendable {
    /// A rule: the scope and the roles of a token, and the grants that they give.
    package struct Rule: Sendable {
        package enum Scope: Sendable {
            case project(id: String)
            case projectNamed(String, domain: String)
            case domain(id: String)
            case domainNamed(String)
            case system

            func contains(_ scope: KeystoneToken.Scope) -> Bool {
                switch (self, scope) {
                case (.project(let id), .project(let project)): project.id.isExactly(id)
                case (.projectNamed(let name, let domain), .project(let project)):
                    project.name.isExactly(name) && project.domainName.isExactly(domain)
                case (.domain(let id), .domain(let other, _)): other.isExactly(id)
                case (.domainNamed(let name), .domain(_, let other)): other.isExactly(name)
                case (.system, .system): true
                default: false
                }
            }
        }

        var scope: Scope
        /// The names of roles. The token must have at least one of them.
        var roles: [String]
        var grants: [Grant]

        package init(scope: Scope, roles: [String], grants: [Grant]) {
            self.scope = scope
            self.roles = roles
            self.grants = grants
        }
    }

    private var rules: [Rule]
    private var principal: KeystonePrincipal

    package init(_ rules: [Rule], principal: KeystonePrincipal = .standard) {
        self.rules = rules
        self.principal = principal
    }

    /// Reads the file of `--keystone-rules`, now and after each change.
    package static func file(
        _ path: String, principal: KeystonePrincipal
    ) throws(SettingError) -> ReloadingFile<KeystoneRules> {
        try RulesFile.file(path, .keystoneRules) { rules in
            try KeystoneRules(parsing: rules, principal: principal)
        }
    }

    private init(
        parsing list: [RulesFile.Rule], principal: KeystonePrincipal
    ) throws(SettingError) {
        var rules: [Rule] = []
        for rule in list {
            try rule.refuseMembers(except: [
                "project", "project-domain", "project-id", "domain", "domain-id", "system", "roles",
                "grants",
            ])
            // A rule that gives the name of a project must also give the project's domain, and no rule can cover all
            // projects. Otherwise a user who may create projects in any domain could get the grants: the user could
            // choose the name of a project, and could assign roles in it.
            var scopes: [Rule.Scope] = []
            if let name = try rule.text("project") {
                guard let domain = try rule.text("project-domain") else {
                    throw rule.error("/project needs project-domain as well")
                }
                scopes.append(.projectNamed(name, domain: domain))
            } else if try rule.text("project-domain") != nil {
                throw rule.error("/project-domain needs project as well")
            }
            if let id = try rule.text("project-id") { scopes.append(.project(id: id)) }
            if let name = try rule.text("domain") { scopes.append(.domainNamed(name)) }
            if let id = try rule.text("domain-id") { scopes.append(.domain(id: id)) }
            if let system = try rule.text("system") {
                guard system == "all" else { throw rule.error("/system must be all") }
                scopes.append(.system)
            }
            guard scopes.count == 1 else {
                throw rule.error(
                    " needs exactly one of project, project-id, domain, domain-id and system")
            }
            guard let roles = try rule.texts("roles"), !roles.isEmpty else {
                throw rule.error("/roles is missing or empty")
            }
            rules.append(Rule(scope: scopes[0], roles: roles, grants: try rule.grants()))
        }
        self.init(rules, principal: principal)
    }

    /// Returns the identity of a token. A token that matches no rule has an identity without rights. Returns nil if
    /// the user's name cannot be a principal.
    package func identity(_ token: KeystoneToken) -> Identity? {
        let name = principal.name(token)
        guard Principal.isName(name) else { return nil }
        var grants: [Grant] = []
        for rule in rules where rule.scope.contains(token.scope) {
            guard
                rule.roles.contains(where: { role in token.roles.contains { $0.isExactly(role) } })
            else { continue }
            for grant in rule.grants where !grants.contains(grant) { grants.append(grant) }
        }
        return Identity(
            name, method: .keystone, grants: grants, credential: token.auditID,
            expires: token.expires)
    }
}

/// The pattern from which the names of principals are made, such as `{user}@{domain}`.
package struct KeystonePrincipal: Sendable {
    package static let standard = KeystonePrincipal(parts: [.user, .text("@"), .domain])

    private enum Part: Equatable {
        case text(String)
        case user, userID, domain, domainID
    }

    private let parts: [Part]

    private init(parts: [Part]) { self.parts = parts }

    /// Reads a pattern with the placeholders `{user}`, `{user_id}`, `{domain}` and `{domain_id}`. The last two refer to
    /// the domain of the user. Returns nil if two users could get the same principal.
    package init?(_ text: String) {
        let names: [String: Part] = [
            "user": .user, "user_id": .userID, "domain": .domain, "domain_id": .domainID,
        ]
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}"),
                let part = names[String(rest[rest.index(after: open)..<close])]
            else { return nil }
            parts.append(part)
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        let texts = parts.compactMap { if case .text(let text) = $0 { text } else { nil } }
        guard texts.allSatisfy({ $0.isVisibleASCII(1...64) && !$0.contains("}") }) else {
            return nil
        }
        // The pattern must identify one user. A user id is unique in Keystone. A user name is unique only in its
        // domain, so a pattern with a user name also needs the domain, and an `@` between the two.
        let hasName =
            parts.filter { $0 == .user }.count == 1
            && parts.filter { $0 == .domain || $0 == .domainID }.count == 1
            && texts.contains { $0.contains("@") }
        guard parts.contains(.userID) || hasName else { return nil }
        self.init(parts: parts)
    }

    /// Returns the principal. Characters that are not legal in a principal are percent-encoded (RFC 3986 section 2.1).
    /// An `@` in the domain is encoded too, so that the last `@` separates the user from the domain.
    func name(_ token: KeystoneToken) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .user: Self.encoded(token.user.name, besides: "%")
            case .userID: Self.encoded(token.user.id, besides: "%@")
            case .domain: Self.encoded(token.user.domainName, besides: "%@")
            case .domainID: Self.encoded(token.user.domainID, besides: "%@")
            }
        }.joined()
    }

    private static func encoded(_ text: String, besides marks: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let character = Character(Unicode.Scalar(byte))
            if (0x21...0x7E).contains(byte), !marks.contains(character) {
                result.append(character)
            } else {
                result += "%" + Hex.text([byte]).uppercased()
            }
        }
        return result
    }
}
