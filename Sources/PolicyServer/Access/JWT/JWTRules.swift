import Documents
package import Domain

/// Checks the claims of a token, and makes the identity of its user from them.
package struct JWTRules: Sendable {
    /// The only accepted value of the claim `iss`.
    package var issuer: String
    /// The names of this server. The claim `aud` must contain one of them.
    package var audiences: [String]
    /// The tolerated difference between the clocks of the provider and of this server, in seconds.
    package var clockSkew: Int
    package var principalClaim: ClaimName
    package var rolesClaim: ClaimName
    /// Returns the grants in force and their generation.
    package var grants: @Sendable () -> (value: ClaimGrants, generation: UInt64)

    package init(
        issuer: String, audiences: [String], clockSkew: Int = 60,
        principalClaim: ClaimName = ClaimName("sub"), rolesClaim: ClaimName = ClaimName("roles"),
        grants: @escaping @Sendable () -> (value: ClaimGrants, generation: UInt64)
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.clockSkew = clockSkew
        self.principalClaim = principalClaim
        self.rolesClaim = rolesClaim
        self.grants = grants
    }

    /// Returns the identity of the user, and the time from which the token is refused: its expiry plus `clockSkew`. The
    /// caller must check the signature.
    func identity(
        _ claims: JSONObject, at now: Timestamp
    ) throws(JWTRefusal) -> (identity: Identity, expires: Timestamp) {
        guard claims["iss"]?.stringValue?.isExactly(issuer) == true else {
            throw JWTRefusal("is not from the issuer that this server accepts")
        }
        let named = claims["aud"].map { $0.arrayValue ?? [$0] } ?? []
        guard
            named.contains(where: { name in
                name.stringValue.map { text in audiences.contains { $0.isExactly(text) } } ?? false
            })
        else {
            throw JWTRefusal("is not for this server (aud)")
        }
        guard let expires = try Self.time("exp", claims) else {
            throw JWTRefusal("has no expiry time (exp)")
        }
        let end = expires.adding(seconds: clockSkew)
        guard now < end else { throw JWTRefusal("has expired") }
        for name in ["nbf", "iat"] {
            guard let time = try Self.time(name, claims) else { continue }
            guard time <= now.adding(seconds: clockSkew) else {
                throw JWTRefusal("is not valid yet (\(name))")
            }
        }
        var identity = Identity(
            try principal(claims), method: .jwt, grants: grants().value.of(try roles(claims)))
        identity.expires = expires
        if let id = claims["jti"]?.stringValue, id.isVisibleASCII(1...128) {
            identity.credential = id
        }
        return (identity, end)
    }

    private func principal(_ claims: JSONObject) throws(JWTRefusal) -> String {
        guard let name = principalClaim.value(in: claims)?.stringValue, Principal.isName(name)
        else {
            throw JWTRefusal("has no usable principal in the claim \(principalClaim)")
        }
        return name
    }

    private func roles(_ claims: JSONObject) throws(JWTRefusal) -> [String] {
        guard let value = rolesClaim.value(in: claims) else { return [] }
        switch value {
        // The claim `scope` is one string in which spaces separate the values (RFC 9068 section 2.2.3).
        case .string(let text) where rolesClaim.isScope:
            return text.split(separator: " ").map(String.init)
        case .string(let text): return [text]
        case .array(let values): return values.compactMap(\.stringValue)
        default: throw JWTRefusal("has a claim \(rolesClaim) that is neither a string nor a list")
        }
    }

    /// Returns the time in the claim `name`; nil if the claim is absent. The value must be a number of seconds since
    /// 1970, with or without a fraction (RFC 7519 section 2).
    private static func time(
        _ name: String, _ claims: JSONObject
    ) throws(JWTRefusal) -> Timestamp? {
        guard let value = claims[name] else { return nil }
        // The largest accepted value is the end of the year 9999. This limit also prevents an overflow.
        guard let seconds = value.numberValue?.double, (0...253_402_300_799).contains(seconds)
        else {
            throw JWTRefusal("has a claim \(name) that is not a number of seconds since 1970")
        }
        return Timestamp(microseconds: Int64(seconds * 1_000_000))
    }
}

/// The name of a claim, or a JSON pointer to a member within a claim, such as `/realm_access/roles`.
package struct ClaimName: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let path: [String]

    /// Reads a JSON pointer (RFC 6901) if `text` begins with `/`. Any other text is the name of a claim, even if it
    /// contains `/` or `.`, because some providers use URLs as names.
    package init(_ text: String) {
        description = text
        guard text.hasPrefix("/") else {
            path = [text]
            return
        }
        path = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map {
            String($0).replacing("~1", with: "/").replacing("~0", with: "~")
        }
    }

    var isScope: Bool { path == ["scope"] || path == ["scp"] }

    func value(in claims: JSONObject) -> JSONValue? {
        var value = JSONValue.object(claims)
        for name in path {
            guard let member = value[name] else { return nil }
            value = member
        }
        return value
    }
}

/// The grants for each value of the roles claim.
package struct ClaimGrants: Sendable {
    /// The grants for each value, by the value's UTF-8 bytes. The keys are bytes because Swift treats strings as equal
    /// if they differ only in their Unicode normal form.
    private var grants: [[UInt8]: [Grant]] = [:]

    package init(_ grants: [String: [Grant]] = [:]) {
        for (value, list) in grants { self.grants[Array(value.utf8)] = list }
    }

    /// Reads the file of `--jwt-rules`, now and after each change.
    package static func file(_ path: String) throws(SettingError) -> ReloadingFile<ClaimGrants> {
        try RulesFile.file(path, .jwtRules) { rules in
            var result = ClaimGrants()
            for rule in rules {
                try rule.refuseMembers(except: ["value", "grants"])
                guard let value = try rule.text("value") else {
                    throw rule.error("/value is missing")
                }
                result.grants[Array(value.utf8), default: []] += try rule.grants()
            }
            return result
        }
    }

    /// Returns the grants that the rules give for `values`, without duplicates. A value without a rule adds no grants.
    func of(_ values: [String]) -> [Grant] {
        var found: [Grant] = []
        for value in values {
            for grant in grants[Array(value.utf8)] ?? [] where !found.contains(grant) {
                found.append(grant)
            }
        }
        return found
    }
}
