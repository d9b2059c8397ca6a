package import ArgumentParser

/// The command line options for settings. Their values are unchecked texts; `Settings` checks them. The options for
/// etcd and the data folder are in `LocationFlags`, because the command `dev` chooses these values and has no options
/// for them.
package struct SettingFlags: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("YAML file of settings.", valueName: "file"))
    package var config: String?

    @Option(name: .setting(.listen), help: .setting(.listen)) var listen: [String] = []
    @Option(name: .setting(.tlsCertificate), help: .setting(.tlsCertificate))
    var tlsCertificate: String?
    @Option(name: .setting(.tlsKey), help: .setting(.tlsKey)) var tlsKey: String?
    @Option(name: .setting(.tlsClientCertificates), help: .setting(.tlsClientCertificates))
    var tlsClientCertificates: String?
    @Option(name: .setting(.tlsClientCA), help: .setting(.tlsClientCA)) var tlsClientCA: String?
    @Option(name: .setting(.tlsClientCRL), help: .setting(.tlsClientCRL)) var tlsClientCRL: String?
    @Option(name: .setting(.hstsMaxAge), help: .setting(.hstsMaxAge)) var hstsMaxAge: String?
    @Option(name: .setting(.trustedProxy), help: .setting(.trustedProxy))
    var trustedProxy: [String] = []
    @Option(name: .setting(.authenticate), help: .setting(.authenticate))
    var authenticate: [String] = []
    @Option(name: .setting(.tokenFile), help: .setting(.tokenFile)) var tokenFile: String?
    @Option(name: .setting(.grants), help: .setting(.grants)) var grants: String?
    @Option(name: .setting(.certificatePrincipal), help: .setting(.certificatePrincipal))
    var certificatePrincipal: String?
    @Option(name: .setting(.certificatePrefix), help: .setting(.certificatePrefix))
    var certificatePrefix: String?
    @Option(name: .setting(.auditRetention), help: .setting(.auditRetention))
    var auditRetention: String?
    @Option(name: .setting(.auditKey), help: .setting(.auditKey)) var auditKey: String?
    @Option(
        name: .setting(.auditCheckpointInterval), help: .setting(.auditCheckpointInterval))
    var auditCheckpointInterval: String?
    @Option(name: .setting(.journalKeyFile), help: .setting(.journalKeyFile))
    var journalKeyFile: String?
    @Option(name: .setting(.policyNames), help: .setting(.policyNames)) var policyNames: String?
    @Option(name: .setting(.auditAttempts), help: .setting(.auditAttempts))
    var auditAttempts: String?
    @Option(name: .setting(.writeDeadline), help: .setting(.writeDeadline))
    var writeDeadline: String?
    @Option(name: .setting(.drainTimeout), help: .setting(.drainTimeout)) var drainTimeout: String?
    @Option(name: .setting(.maxBodyBytes), help: .setting(.maxBodyBytes)) var maxBodyBytes: String?
    @Option(name: .setting(.maxConnections), help: .setting(.maxConnections))
    var maxConnections: String?
    @Option(name: .setting(.maxRequests), help: .setting(.maxRequests))
    var maxRequests: String?
    @Option(name: .setting(.requestsPerPrincipal), help: .setting(.requestsPerPrincipal))
    var requestsPerPrincipal: String?
    @Option(name: .setting(.requestsPerAddress), help: .setting(.requestsPerAddress))
    var requestsPerAddress: String?
    @Option(name: .setting(.maxBodyMemory), help: .setting(.maxBodyMemory))
    var maxBodyMemory: String?
    @Option(name: .setting(.maxAnswerMemory), help: .setting(.maxAnswerMemory))
    var maxAnswerMemory: String?
    @Option(name: .setting(.allowedHost), help: .setting(.allowedHost))
    var allowedHost: [String] = []
    @Option(name: .setting(.allowedOrigin), help: .setting(.allowedOrigin))
    var allowedOrigin: [String] = []
    @OptionGroup var providers: ProviderFlags
    @Option(name: .setting(.auditReads), help: .setting(.auditReads)) var auditReads: String?
    @Option(name: .setting(.twoPerson), help: .setting(.twoPerson)) var twoPerson: [String] = []
    @Option(name: .setting(.twoPersonExpiry), help: .setting(.twoPersonExpiry))
    var twoPersonExpiry: String?
    @Option(name: .setting(.logLevel), help: .setting(.logLevel)) var logLevel: String?

    package init() {}

    /// The settings given on the command line.
    package var values: [Setting: [String]] {
        var values: [Setting: [String]] = [:]
        for setting in Setting.allCases {
            let texts = texts(setting)
            if !texts.isEmpty { values[setting] = texts }
        }
        return values
    }

    private func texts(_ setting: Setting) -> [String] {
        switch setting {
        case .listen: listen
        case .tlsCertificate: [tlsCertificate].compactMap(\.self)
        case .tlsKey: [tlsKey].compactMap(\.self)
        case .tlsClientCertificates: [tlsClientCertificates].compactMap(\.self)
        case .tlsClientCA: [tlsClientCA].compactMap(\.self)
        case .tlsClientCRL: [tlsClientCRL].compactMap(\.self)
        case .hstsMaxAge: [hstsMaxAge].compactMap(\.self)
        case .trustedProxy: trustedProxy
        case .authenticate: authenticate
        case .tokenFile: [tokenFile].compactMap(\.self)
        case .grants: [grants].compactMap(\.self)
        case .certificatePrincipal: [certificatePrincipal].compactMap(\.self)
        case .certificatePrefix: [certificatePrefix].compactMap(\.self)
        case .etcd, .etcdUser, .etcdPasswordFile, .etcdCA, .etcdCert, .etcdKey, .dataDir: []
        case .auditRetention: [auditRetention].compactMap(\.self)
        case .auditKey: [auditKey].compactMap(\.self)
        case .auditCheckpointInterval: [auditCheckpointInterval].compactMap(\.self)
        case .journalKeyFile: [journalKeyFile].compactMap(\.self)
        case .policyNames: [policyNames].compactMap(\.self)
        case .auditAttempts: [auditAttempts].compactMap(\.self)
        case .writeDeadline: [writeDeadline].compactMap(\.self)
        case .drainTimeout: [drainTimeout].compactMap(\.self)
        case .maxBodyBytes: [maxBodyBytes].compactMap(\.self)
        case .maxConnections: [maxConnections].compactMap(\.self)
        case .maxRequests: [maxRequests].compactMap(\.self)
        case .requestsPerPrincipal: [requestsPerPrincipal].compactMap(\.self)
        case .requestsPerAddress: [requestsPerAddress].compactMap(\.self)
        case .maxBodyMemory: [maxBodyMemory].compactMap(\.self)
        case .maxAnswerMemory: [maxAnswerMemory].compactMap(\.self)
        case .allowedHost: allowedHost
        case .allowedOrigin: allowedOrigin
        case .jwtIssuer, .jwtAudience, .jwtKeys, .jwtCA, .jwtKeysRefresh, .jwtKeysMaxAge,
            .jwtClockSkew, .jwtPrincipalClaim, .jwtRolesClaim, .jwtRules, .keystoneURL,
            .keystoneCredential, .keystoneCA, .keystoneCache, .keystonePrincipal, .keystoneRules:
            providers.values[setting] ?? []
        case .twoPerson: twoPerson
        case .twoPersonExpiry: [twoPersonExpiry].compactMap(\.self)
        case .auditReads: [auditReads].compactMap(\.self)
        case .logLevel: [logLevel].compactMap(\.self)
        }
    }
}

/// The command line options for etcd and the data folder.
package struct LocationFlags: ParsableArguments {
    @Option(name: .setting(.etcd), help: .setting(.etcd)) var etcd: [String] = []
    @Option(name: .setting(.etcdUser), help: .setting(.etcdUser)) var etcdUser: String?
    @Option(name: .setting(.etcdPasswordFile), help: .setting(.etcdPasswordFile))
    var etcdPasswordFile: String?
    @Option(name: .setting(.etcdCA), help: .setting(.etcdCA)) var etcdCA: String?
    @Option(name: .setting(.etcdCert), help: .setting(.etcdCert)) var etcdCert: String?
    @Option(name: .setting(.etcdKey), help: .setting(.etcdKey)) var etcdKey: String?
    @Option(name: .setting(.dataDir), help: .setting(.dataDir)) var dataDir: String?

    package init() {}

    /// The settings given on the command line.
    package var values: [Setting: [String]] {
        let values: [Setting: [String]] = [
            .etcd: etcd, .etcdUser: [etcdUser].compactMap(\.self),
            .etcdPasswordFile: [etcdPasswordFile].compactMap(\.self),
            .etcdCA: [etcdCA].compactMap(\.self), .etcdCert: [etcdCert].compactMap(\.self),
            .etcdKey: [etcdKey].compactMap(\.self), .dataDir: [dataDir].compactMap(\.self),
        ]
        return values.filter { !$0.value.isEmpty }
    }

    /// The settings for which `LocationFlags` has an option.
    static let settings: [Setting] = [
        .etcd, .etcdUser, .etcdPasswordFile, .etcdCA, .etcdCert, .etcdKey, .dataDir,
    ]
}

extension NameSpecification {
    static func setting(_ setting: Setting) -> NameSpecification {
        .customLong(setting.rawValue)
    }
}

extension ArgumentHelp {
    static func setting(_ setting: Setting) -> ArgumentHelp {
        let suffix = setting.defaultText.isEmpty ? "" : " (default: \(setting.defaultText))"
        return ArgumentHelp("\(setting.summary)\(suffix) [\(setting.variable)]")
    }
}
