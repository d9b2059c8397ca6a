package import Logging

/// The settings of authentication with OpenStack Keystone.
package struct KeystoneSettings: Sendable {
    package var url: ProviderURL
    /// The path of the file with the credential of this server.
    package var credentialFile: String
    /// The PEM file of the authorities that sign Keystone's certificate; nil for those of the system.
    package var authorities: String?
    package var cacheSeconds: Int
    package let rulesFile: ReloadingFile<KeystoneRules>

    /// Reads the settings; nil if there is no URL. Also reads the files of rules and of the credential.
    init?(_ reader: SettingReader) throws(SettingError) {
        for other in [Setting.keystoneCredential, .keystoneRules] {
            try reader.require(.keystoneURL, with: other)
            try reader.require(other, with: .keystoneURL)
        }
        guard try reader.optional(.keystoneURL) != nil else { return nil }
        url = try reader.required(
            .keystoneURL, "is not an https URL; http is only for loopback addresses"
        ) { text in
            // Catalogs and openrc files often have the URL with its version.
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
            "is not a form with {user_id}, or with {user}, '@', and {domain} or {domain_id}"
        ) { KeystonePrincipal($0) }
        rulesFile = try KeystoneRules.file(
            try reader.optional(.keystoneRules) ?? "", principal: principal)
    }

    /// Returns the authenticator, and the service that holds its connections.
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
