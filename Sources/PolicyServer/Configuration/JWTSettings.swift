package import Logging

/// The settings of authentication with JSON Web Tokens.
package struct JWTSettings: Sendable {
    package var keys: JWKSStore.Source
    /// The PEM file of the authorities that sign the certificate of the server that provides the keys; nil to use the
    /// authorities of the system.
    package var authorities: String?
    /// The maximum number of seconds between two loads of the keys.
    package var refreshInterval: Int
    /// The number of seconds after the last successful load for which keys stay usable.
    package var maximumKeyAge: Int
    package var rules: JWTRules
    package let rulesFile: ReloadingFile<ClaimGrants>

    /// Reads the settings and the file of rules. Returns nil if no issuer is set.
    init?(_ reader: SettingReader) throws(SettingError) {
        for other in [Setting.jwtAudience, .jwtKeys, .jwtRules] {
            try reader.require(.jwtIssuer, with: other)
            try reader.require(other, with: .jwtIssuer)
        }
        guard let issuer = try reader.optional(.jwtIssuer) else { return nil }
        keys = try reader.required(.jwtKeys, "is neither an absolute path nor an https URL") {
            text in
            text.hasPrefix("/") ? .file(text) : ProviderURL(text).map { .url($0) }
        }
        authorities = try reader.readableFile(.jwtCA)
        refreshInterval = try reader.integer(.jwtKeysRefresh, in: 10...86_400)
        maximumKeyAge = try reader.integer(.jwtKeysMaxAge, in: 60...2_592_000)
        guard maximumKeyAge >= refreshInterval else {
            throw SettingError(
                .jwtKeysMaxAge, from: try reader.values.texts(.jwtKeysMaxAge).source,
                "is shorter than \(Setting.jwtKeysRefresh.flag) \(refreshInterval)")
        }
        let claim = { (text: String) in
            text.isVisibleASCII(1...256) ? ClaimName(text) : nil
        }
        let rulesFile = try ClaimGrants.file(try reader.optional(.jwtRules) ?? "")
        self.rulesFile = rulesFile
        rules = JWTRules(
            issuer: issuer,
            audiences: try reader.list(.jwtAudience, "is empty") { $0.isEmpty ? nil : $0 },
            clockSkew: try reader.integer(.jwtClockSkew, in: 0...300),
            principalClaim: try reader.required(
                .jwtPrincipalClaim, "is not the name of a claim", parse: claim),
            rolesClaim: try reader.required(
                .jwtRolesClaim, "is not the name of a claim", parse: claim),
            grants: { rulesFile.numbered })
    }

    /// Returns the authenticator, and the service that loads and refreshes the keys of the authenticator.
    package func authenticator(
        logger: Logger
    ) -> (authenticator: JWTAuthenticator, service: JWKSStore) {
        let store = JWKSStore(
            keys, authorities: authorities, refreshInterval: refreshInterval,
            maximumAge: maximumKeyAge, logger: logger)
        return (JWTAuthenticator(keys: store, rules: rules), store)
    }
}
