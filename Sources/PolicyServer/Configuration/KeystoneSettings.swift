package import Logging

/// The settings of authentication with OpenStack Keystone.
package struct KeystoneSettings: Sendable {
    package var url: ProviderURL
    /// The path of the file with the credential of this server.
    package var credentialFile: String
    /// The PEM file of the authorities that sign Keystone's certificate; nil to use the authorities of the system.
    package var authorities: String?
    package var cacheSeconds: Int
    package let rulesFile: ReloadingFile<KeystoneRules>

    /// Reads the settings, the file of rules and the file of the credential. Returns nil if no URL is set.
    init?(_ reader: SettingReader) throws(SettingError) {
        for other in [Setting.keystoneCredential, .keystoneRules] {
            try reader.require(.keystoneURL, with: other)
            try reader.require(other, with: .keystoneURL)
        }
        guard try reader.optional(.keystoneURL) != nil else { return nil }
        url = try reader.required(
            .keystoneURL, "is not an https URL; http is only for loopback addresses"
        ) { text in
            // An ending `/v3` is removed, because service catalogs and openrc files often contain the URL with its
            // version.
            let url = ProviderURL(text)
            return url?.text.hasSuffix("/v3") == true
                ? ProviderURL(String(url?.text.dropLast(3) ?? "")) : url
        }
        credentialFile = try reader.optional(.keystoneCredential) ?? ""
        _ = try KeystoneCredential.read(credentialFile)
        authorities = try reader.readableFile(.keystoneCA)
        cacheSeconds = try reader.integer(.keystoneCache, in: 0...3_600)
        let principal = try reader.required(
            .keystonePrincipal,
            "must contain {user_id}, or {user} and {domain} (or {domain_id}) with an '@'"
        ) { KeystonePrincipal($0) }
        rulesFile = try KeystoneRules.file(
            try reader.optional(.keystoneRules) ?? "", principal: principal)
    }

    /// Returns the authenticator, and the service that owns the connections to Keystone.
    package func authenticator(
        logger: Logger
    ) -> (authenticator: KeystoneAuthenticator, service: KeystoneClient) {
        let client = KeystoneClient(url: url, authorities: authorities, logger: logger) {
            [credentialFile] () throws(SettingError) in
            try KeystoneCredential.read(credentialFile)
        }
        let authenticator = KeystoneAuthenticator(
            client: client, url: url, rules: { [rulesFile] in rulesFile.numbered },
            cacheSeconds: cacheSeconds)
        return (authenticator, client)
    }
}
