/// A setting of the program. Its flag, environment variable and file key are derived from its name.
package enum Setting: String, CaseIterable, Sendable {
    case listen
    case tlsCertificate = "tls-certificate"
    case tlsKey = "tls-key"
    case tlsClientCertificates = "tls-client-certificates"
    case tlsClientCA = "tls-client-ca"
    case tlsClientCRL = "tls-client-crl"
    case hstsMaxAge = "hsts-max-age"
    case trustedProxy = "trusted-proxy"
    case authenticate
    case tokenFile = "token-file"
    case grants
    case certificatePrincipal = "certificate-principal"
    case certificatePrefix = "certificate-prefix"
    case etcd
    case etcdUser = "etcd-user"
    case etcdPasswordFile = "etcd-password-file"
    case etcdCA = "etcd-ca"
    case etcdCert = "etcd-cert"
    case etcdKey = "etcd-key"
    case dataDir = "data-dir"
    case auditRetention = "audit-retention"
    case auditKey = "audit-key"
    case auditCheckpointInterval = "audit-checkpoint-interval"
    case journalKeyFile = "journal-key-file"
    case policyNames = "policy-names"
    case auditAttempts = "audit-attempts-per-minute"
    case writeDeadline = "write-deadline"
    case drainTimeout = "drain-timeout"
    case maxBodyBytes = "max-body-bytes"
    case maxConnections = "max-connections"
    case maxRequests = "max-requests"
    case requestsPerPrincipal = "requests-per-principal"
    case requestsPerAddress = "requests-per-address"
    case maxBodyMemory = "max-body-memory"
    case maxAnswerMemory = "max-answer-memory"
    case allowedHost = "allowed-host"
    case allowedOrigin = "allowed-origin"
    case jwtIssuer = "jwt-issuer"
    case jwtAudience = "jwt-audience"
    case jwtKeys = "jwt-keys"
    case jwtCA = "jwt-ca"
    case jwtKeysRefresh = "jwt-keys-refresh"
    case jwtKeysMaxAge = "jwt-keys-max-age"
    case jwtClockSkew = "jwt-clock-skew"
    case jwtPrincipalClaim = "jwt-principal-claim"
    case jwtRolesClaim = "jwt-roles-claim"
    case jwtRules = "jwt-rules"
    case keystoneURL = "keystone-url"
    case keystoneCredential = "keystone-credential-file"
    case keystoneCA = "keystone-ca"
    case keystoneCache = "keystone-cache"
    case keystonePrincipal = "keystone-principal"
    case keystoneRules = "keystone-rules"
    case auditReads = "audit-reads"
    case twoPerson = "two-person"
    case twoPersonExpiry = "two-person-expiry"
    case logLevel = "log-level"

    /// The key in the YAML file, such as `etcd-user`.
    package var key: String { rawValue }

    /// The command line flag, such as `--etcd-user`.
    package var flag: String { "--" + rawValue }

    /// The environment variable, such as `POLICY_SERVER_ETCD_USER`.
    package var variable: String {
        "POLICY_SERVER_" + rawValue.uppercased().replacing("-", with: "_")
    }

    /// True if the setting may be given several times, or once with commas between the values.
    package var isList: Bool {
        switch self {
        case .listen, .trustedProxy, .authenticate, .etcd, .allowedHost, .allowedOrigin,
            .jwtAudience, .twoPerson:
            true
        default: false
        }
    }

    /// The default as text; empty if the setting has no default.
    package var defaultText: String {
        switch self {
        case .listen: "127.0.0.1:8080"
        case .tlsCertificate, .tlsKey, .tlsClientCA, .tlsClientCRL, .trustedProxy: ""
        case .tlsClientCertificates: "none"
        case .hstsMaxAge: "31536000"
        case .etcd: "http://127.0.0.1:2379"
        case .etcdUser, .etcdPasswordFile, .etcdCA, .etcdCert, .etcdKey, .auditKey, .journalKeyFile:
            ""
        case .allowedHost, .allowedOrigin, .twoPerson: ""
        case .twoPersonExpiry: "7d"
        case .authenticate, .tokenFile, .grants, .certificatePrefix: ""
        case .certificatePrincipal: "cn"
        case .dataDir: "policy-server-data"
        case .auditRetention: "0"
        case .auditCheckpointInterval: "300"
        case .policyNames: "auto"
        case .auditAttempts: "300"
        case .writeDeadline: "10"
        case .drainTimeout: "15"
        case .maxBodyBytes: "1048576"
        case .maxConnections: "4096"
        case .maxRequests: "1024"
        case .requestsPerPrincipal: "60000"
        case .requestsPerAddress: "120000"
        case .maxBodyMemory, .maxAnswerMemory: "268435456"
        case .jwtIssuer, .jwtAudience, .jwtKeys, .jwtCA, .jwtRules: ""
        case .jwtKeysRefresh: "300"
        case .jwtKeysMaxAge: "86400"
        case .jwtClockSkew: "60"
        case .jwtPrincipalClaim: "sub"
        case .jwtRolesClaim: "roles"
        case .keystoneURL, .keystoneCredential, .keystoneCA, .keystoneRules: ""
        case .keystoneCache: "60"
        case .keystonePrincipal: "{user}@{domain}"
        case .auditReads: "on"
        case .logLevel: "info"
        }
    }

    /// A legal value. Error messages show it.
    package var example: String {
        switch self {
        case .listen: "0.0.0.0:8443, http://127.0.0.1:8080 or unix:/run/policy-server/api.sock"
        case .tlsCertificate: "/etc/policy-server/tls.pem"
        case .tlsKey: "/etc/policy-server/tls-key.pem"
        case .tlsClientCA: "/etc/policy-server/client-ca.pem"
        case .tlsClientCRL: "/etc/policy-server/client-crl.pem"
        case .tlsClientCertificates: "none, optional or required"
        case .hstsMaxAge: "31536000 (seconds, 0 to 100000000)"
        case .trustedProxy: "10.0.0.0/24, 2001:db8::1/128 or unix"
        case .authenticate: "token,certificate"
        case .tokenFile: "/etc/policy-server/tokens"
        case .grants: "/etc/policy-server/grants.yaml"
        case .certificatePrincipal: "cn, dns, email or uri"
        case .certificatePrefix: "spiffe://example.org/"
        case .etcd: "http://127.0.0.1:2379 or https://etcd1.example.org:2379"
        case .etcdUser: "policy-server"
        case .etcdPasswordFile: "/etc/policy-server/etcd-password"
        case .etcdCA: "/etc/policy-server/etcd-ca.pem"
        case .etcdCert: "/etc/policy-server/etcd-client.pem"
        case .etcdKey: "/etc/policy-server/etcd-client-key.pem"
        case .dataDir: "/var/lib/policy-server"
        case .auditRetention: "90d (h hours, d days, w weeks; 0 keeps them for ever)"
        case .auditKey: "/etc/policy-server/audit.key"
        case .journalKeyFile: "/etc/policy-server/journal.keys"
        case .auditCheckpointInterval: "300 (seconds, 1 to 86400; 0 for none)"
        case .policyNames: "auto, plain or tiered"
        case .auditAttempts: "300 (1 to 1000000)"
        case .writeDeadline: "10 (seconds, 1 to 600)"
        case .drainTimeout: "15 (seconds, 0 to 600)"
        case .maxBodyBytes: "1048576 (1024 to 1073741824)"
        case .maxConnections: "4096 (1 to 1000000)"
        case .maxRequests: "1024 (1 to 1000000)"
        case .requestsPerPrincipal: "60000 (0 to 1000000000; 0: no quota)"
        case .requestsPerAddress: "120000 (0 to 1000000000; 0: no quota)"
        case .maxBodyMemory, .maxAnswerMemory: "268435456 (1048576 to 1099511627776)"
        case .allowedHost: "policy.example.org"
        case .allowedOrigin: "https://console.example.org"
        case .jwtIssuer: "https://login.example.org/realms/cloud"
        case .jwtAudience: "policy-server"
        case .jwtKeys:
            "https://login.example.org/realms/cloud/protocol/openid-connect/certs or /etc/policy-server/jwks.json"
        case .jwtCA: "/etc/policy-server/login-ca.pem"
        case .jwtKeysRefresh: "300 (seconds, 10 to 86400)"
        case .jwtKeysMaxAge: "86400 (seconds, 60 to 2592000)"
        case .jwtClockSkew: "60 (seconds, 0 to 300)"
        case .jwtPrincipalClaim: "sub or preferred_username"
        case .jwtRolesClaim: "roles, groups or /realm_access/roles"
        case .jwtRules: "/etc/policy-server/jwt-rules.yaml"
        case .keystoneURL: "https://keystone.example.org:5000"
        case .keystoneCredential: "/etc/policy-server/keystone.json"
        case .keystoneCA: "/etc/policy-server/keystone-ca.pem"
        case .keystoneCache: "60 (seconds, 0 to 3600)"
        case .keystonePrincipal: "{user}@{domain}"
        case .keystoneRules: "/etc/policy-server/keystone-rules.yaml"
        case .auditReads: "on or off"
        case .twoPerson: "GlobalNetworkPolicy,CrossRegionPolicy, or all"
        case .twoPersonExpiry: "7d (h hours, d days, w weeks; at most 52w)"
        case .logLevel: "trace, debug, info, notice, warning, error or critical"
        }
    }

    /// The description that `--help` and the README show.
    package var summary: String {
        switch self {
        case .listen:
            "Address to serve on, HOST:PORT or unix:/PATH; repeatable, or separated by commas. Uses TLS if there is a certificate, unless it begins with http://. Only loopback addresses and Unix domain sockets may be without TLS and authentication."
        case .tlsCertificate:
            "PEM file of the server's certificate, followed by its intermediate authorities. Read again when it changes and at SIGHUP."
        case .tlsKey: "PEM file of that certificate's private key; mode 0600."
        case .tlsClientCertificates:
            "Whether clients send certificates: none (not asked for), optional or required."
        case .tlsClientCA: "PEM file of the authorities that sign the certificates of clients."
        case .tlsClientCRL: "PEM file of certificate revocation lists of these authorities."
        case .hstsMaxAge:
            "Seconds for which browsers use only https for the server's name (Strict-Transport-Security in answers over TLS); 0 sends no such field."
        case .trustedProxy:
            "Network of a proxy whose Forwarded or X-Forwarded-For names the client, or unix for the clients of Unix domain sockets; repeatable, or separated by commas."
        case .authenticate:
            "Methods by which clients prove who they are, in the order in which the server tries them; repeatable, or separated by commas. Without a method every client is trusted."
        case .tokenFile: "File of bearer tokens, which policy-server token makes; mode 0600."
        case .grants:
            "File that gives roles to principals of certificates and to users of this machine."
        case .certificatePrincipal:
            "Which name in a client certificate is the principal: cn, dns, email or uri."
        case .certificatePrefix:
            "Prefix that the name in the certificate must have. The principal is the rest of the name."
        case .etcd: "URL of an etcd endpoint; repeatable, or separated by commas."
        case .etcdUser: "User name for etcd's own authentication."
        case .etcdPasswordFile:
            "File with that user's password; a second line is tried if etcd refuses the first."
        case .etcdCA:
            "PEM file of the authorities that sign etcd's certificate, read again when it changes."
        case .etcdCert: "PEM file of the client certificate for etcd, read again when it changes."
        case .etcdKey: "PEM file of that certificate's private key."
        case .dataDir: "Folder of the audit ledger, audit.sqlite; created if absent."
        case .auditRetention:
            "Age at which audit rows move to sealed segments in the data folder; 0 keeps them for ever."
        case .auditKey:
            "File of the key that signs checkpoints of the ledger; by default audit.key in the data folder, created if absent. Read again when it changes."
        case .journalKeyFile:
            "File of keys that all servers share to recognise each other's entries in etcd, mode 0600; read again when it changes."
        case .auditCheckpointInterval: "Seconds between signed checkpoints while the ledger grows."
        case .policyNames:
            "Naming of policies in etcd; auto follows the policies that are already stored."
        case .auditAttempts:
            "Maximum audit rows per minute for refused requests from one actor and address."
        case .writeDeadline: "Seconds after which an unfinished write is answered with 503."
        case .drainTimeout: "Seconds that active requests get to finish at shutdown."
        case .maxBodyBytes: "Maximum size of a request body in bytes."
        case .maxConnections: "Maximum number of client connections."
        case .maxRequests:
            "Number of simultaneous requests above which the server answers only health checks and administrators; needs --authenticate."
        case .requestsPerPrincipal:
            "Maximum requests per minute from one principal; needs --authenticate."
        case .requestsPerAddress:
            "Maximum requests per minute from one address; needs --authenticate."
        case .maxBodyMemory:
            "Maximum memory in bytes for all request bodies together, including their parsed documents."
        case .maxAnswerMemory:
            "Maximum memory in bytes for all answers that clients have not read yet."
        case .allowedHost:
            "Host name that requests may use for this server, besides its addresses and localhost; repeatable, or separated by commas."
        case .allowedOrigin:
            "Origin whose web pages may send requests; repeatable, or separated by commas. Pages of other origins are refused."
        case .jwtIssuer: "Issuer of the JSON Web Tokens that the server accepts."
        case .jwtAudience:
            "Name of this server in the claim aud of a token; repeatable, or separated by commas."
        case .jwtKeys: "File or https URL of the issuer's key set (JWKS)."
        case .jwtCA: "PEM file of the authorities that sign the certificate of the key set's URL."
        case .jwtKeysRefresh: "Maximum seconds between two loads of the key set."
        case .jwtKeysMaxAge:
            "Seconds for which keys stay usable while the key set cannot be loaded."
        case .jwtClockSkew:
            "Accepted difference between the issuer's clock and this server's, in seconds."
        case .jwtPrincipalClaim:
            "Claim that names the principal, or a JSON pointer into the claims."
        case .jwtRolesClaim:
            "Claim that lists the roles or groups, or a JSON pointer into the claims."
        case .jwtRules: "File of rules that give rights to the values of that claim."
        case .keystoneURL: "URL of OpenStack Keystone."
        case .keystoneCredential:
            "File of the credential with which this server validates tokens, mode 0600; its other_password is tried if Keystone refuses its password."
        case .keystoneCA: "PEM file of the authorities that sign Keystone's certificate."
        case .keystoneCache:
            "Seconds before a validated token is validated again; 0 validates the token of every request."
        case .keystonePrincipal: "Form of the principal of a Keystone user."
        case .keystoneRules: "File of rules that give rights to projects, domains and roles."
        case .twoPerson:
            "Kind of object that no person may change alone, or all; repeatable, or separated by commas. Needs authentication."
        case .twoPersonExpiry: "Age at which a change that nobody confirmed is removed."
        case .auditReads: "Record reads of the audit log in the audit log itself: on or off."
        case .logLevel: "Least severe log line written to standard error."
        }
    }
}
