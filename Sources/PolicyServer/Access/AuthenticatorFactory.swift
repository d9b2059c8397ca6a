package import Domain
package import HTTPCore
package import Logging
package import ServiceLifecycle

/// Creates the authenticators listed in the settings, in the same order. Also creates the readers of files and the
/// clients of services that these authenticators need.
package struct AuthenticatorFactory {
    package private(set) var authenticators: [any Authenticator] = []
    /// The files that the server must read again when they change.
    package private(set) var files: [any Reloadable] = []
    /// The services that run in the background for the authenticators.
    package private(set) var services: [any Service] = []

    private let settings: AccessSettings
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private var grants: ReloadingFile<GrantTable>?

    /// Makes the authenticators. Throws if a required file cannot be used or a required setting is missing.
    package init(
        _ settings: AccessSettings, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) throws {
        self.settings = settings
        self.logger = logger
        self.now = now
        for method in settings.methods { authenticators.append(try authenticator(method)) }
    }

    private mutating func authenticator(
        _ method: AuthenticationMethod
    ) throws -> any Authenticator {
        switch method {
        case .token:
            let file = try ReloadingFile(
                settings.tokenFile ?? "", subject: TokenFile.subject, bytes: TokenFile.bytes
            ) { TokenTable(try TokenFile.parse($0)) }
            files.append(file)
            return TokenAuthenticator(file: file, now: now)
        case .certificate:
            return CertificateAuthenticator(
                rule: settings.certificate, grants: try grantsFile())
        case .unix:
            return UnixAuthenticator(grants: try grantsFile())
        case .jwt:
            guard let jwt = settings.jwt else { throw Self.missing(.jwtIssuer) }
            let (authenticator, service) = jwt.authenticator(logger: logger)
            services.append(service)
            files += [service, jwt.rulesFile]
            return authenticator
        case .keystone:
            guard let keystone = settings.keystone else { throw Self.missing(.keystoneURL) }
            let (authenticator, service) = keystone.authenticator(logger: logger)
            services.append(service)
            files.append(keystone.rulesFile)
            return authenticator
        case .none, .asserted:
            throw StartFailure("\(Setting.authenticate.flag): \(method.rawValue) is not a method")
        }
    }

    private static func missing(_ setting: Setting) -> StartFailure {
        StartFailure("\(setting.flag) is missing")
    }

    /// Returns the file of grants. The first call reads the file, and later calls return the same object.
    private mutating func grantsFile() throws -> ReloadingFile<GrantTable> {
        if let grants { return grants }
        let file = try ReloadingFile(
            settings.grantsFile ?? "", subject: GrantTable.subject, bytes: GrantTable.bytes
        ) { try GrantTable($0) }
        files.append(file)
        grants = file
        return file
    }
}
