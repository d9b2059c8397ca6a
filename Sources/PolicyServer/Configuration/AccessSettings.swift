package import Domain

/// The settings of authentication.
package struct AccessSettings: Sendable {
    /// The methods in the order in which they are tried. If the list is empty, every client is trusted.
    package var methods: [AuthenticationMethod]
    package var tokenFile: String?
    /// The file that gives roles to principals whose authentication method does not provide roles.
    package var grantsFile: String?
    package var certificate: CertificateRule
    /// The settings for JSON Web Tokens; nil if no issuer is set.
    package var jwt: JWTSettings?
    /// The settings for Keystone; nil if no URL is set.
    package var keystone: KeystoneSettings?

    init(_ reader: SettingReader) throws(SettingError) {
        methods = try reader.list(
            .authenticate, "is not one of \(Self.names.joined(separator: ", "))"
        ) { text in
            Self.names.contains(text) ? AuthenticationMethod(rawValue: text) : nil
        }
        tokenFile = try reader.optional(.tokenFile)
        grantsFile = try reader.optional(.grants)
        let name = try reader.required(.certificatePrincipal, "is not a name in a certificate") {
            CertificateRule.Name(rawValue: $0)
        }
        certificate = CertificateRule(
            name: name, prefix: try reader.optional(.certificatePrefix) ?? "")
        jwt = try JWTSettings(reader)
        keystone = try KeystoneSettings(reader)
        guard Set(methods).count == methods.count else {
            let source = try reader.values.texts(.authenticate).source
            throw SettingError(.authenticate, from: source, "names a method twice")
        }
        for (method, setting) in Self.needs where methods.contains(method) {
            guard try reader.values.texts(setting).texts.isEmpty else { continue }
            let source = try reader.values.texts(.authenticate).source
            throw SettingError(
                "\(source.name(of: .authenticate)): \(method.rawValue) needs \(setting.flag) as well"
            )
        }
        for (method, setting) in Self.needs where try reader.optional(setting) != nil {
            let users = Self.needs.filter { $0.1 == setting }.map(\.0)
            guard users.contains(where: methods.contains) else {
                // A setting of an unused method is an error. Otherwise the operator could believe that the setting
                // protects the server.
                let source = try reader.values.texts(setting).source
                throw SettingError(
                    "\(source.name(of: setting)): needs \(Setting.authenticate.flag) \(method.rawValue) as well"
                )
            }
        }
    }

    /// The methods that the setting `authenticate` accepts.
    private static let names = ["token", "certificate", "jwt", "keystone", "unix"]

    /// The setting that each method needs.
    private static let needs: [(AuthenticationMethod, Setting)] = [
        (.token, .tokenFile), (.certificate, .grants), (.unix, .grants), (.jwt, .jwtIssuer),
        (.keystone, .keystoneURL),
    ]
}
