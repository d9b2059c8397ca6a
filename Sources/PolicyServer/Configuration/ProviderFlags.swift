import ArgumentParser

/// The command line options for JSON Web Tokens and Keystone.
package struct ProviderFlags: ParsableArguments {
    @Option(name: .setting(.jwtIssuer), help: .setting(.jwtIssuer)) var jwtIssuer: String?
    @Option(name: .setting(.jwtAudience), help: .setting(.jwtAudience))
    var jwtAudience: [String] = []
    @Option(name: .setting(.jwtKeys), help: .setting(.jwtKeys)) var jwtKeys: String?
    @Option(name: .setting(.jwtCA), help: .setting(.jwtCA)) var jwtCA: String?
    @Option(name: .setting(.jwtKeysRefresh), help: .setting(.jwtKeysRefresh))
    var jwtKeysRefresh: String?
    @Option(name: .setting(.jwtKeysMaxAge), help: .setting(.jwtKeysMaxAge))
    var jwtKeysMaxAge: String?
    @Option(name: .setting(.jwtClockSkew), help: .setting(.jwtClockSkew)) var jwtClockSkew: String?
    @Option(name: .setting(.jwtPrincipalClaim), help: .setting(.jwtPrincipalClaim))
    var jwtPrincipalClaim: String?
    @Option(name: .setting(.jwtRolesClaim), help: .setting(.jwtRolesClaim))
    var jwtRolesClaim: String?
    @Option(name: .setting(.jwtRules), help: .setting(.jwtRules)) var jwtRules: String?
    @Option(name: .setting(.keystoneURL), help: .setting(.keystoneURL)) var keystoneURL: String?
    @Option(name: .setting(.keystoneCredential), help: .setting(.keystoneCredential))
    var keystoneCredential: String?
    @Option(name: .setting(.keystoneCA), help: .setting(.keystoneCA)) var keystoneCA: String?
    @Option(name: .setting(.keystoneCache), help: .setting(.keystoneCache))
    var keystoneCache: String?
    @Option(name: .setting(.keystonePrincipal), help: .setting(.keystonePrincipal))
    var keystonePrincipal: String?
    @Option(name: .setting(.keystoneRules), help: .setting(.keystoneRules))
    var keystoneRules: String?

    package init() {}

    /// The settings given on the command line.
    var values: [Setting: [String]] {
        var values: [Setting: [String]] = [.jwtAudience: jwtAudience]
        let single: [Setting: String?] = [
            .jwtIssuer: jwtIssuer,
            .jwtKeys: jwtKeys,
            .jwtCA: jwtCA,
            .jwtKeysRefresh: jwtKeysRefresh,
            .jwtKeysMaxAge: jwtKeysMaxAge,
            .jwtClockSkew: jwtClockSkew,
            .jwtPrincipalClaim: jwtPrincipalClaim,
            .jwtRolesClaim: jwtRolesClaim,
            .jwtRules: jwtRules,
            .keystoneURL: keystoneURL,
            .keystoneCredential: keystoneCredential,
            .keystoneCA: keystoneCA,
            .keystoneCache: keystoneCache,
            .keystonePrincipal: keystonePrincipal,
            .keystoneRules: keystoneRules,
        ]
        for (setting, text) in single { values[setting] = [text].compactMap(\.self) }
        return values.filter { !$0.value.isEmpty }
    }
}
