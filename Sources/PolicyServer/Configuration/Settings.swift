package import Calico
package import ControlPlane
import Domain
package import HTTPCore
package import Logging

/// The checked settings of the program.
package struct Settings: Sendable {
    package var listen: [ListenAddress]
    /// The TLS settings; nil if no certificate is set.
    package var tls: TLSSettings?
    /// The number of seconds in `max-age` of the field Strict-Transport-Security; 0 if the field is not sent.
    package var hstsMaxAge: Int
    package var proxies: ProxySettings
    package var access: AccessSettings
    package var etcd: EtcdSettings
    /// The folder that contains `audit.sqlite`.
    package var dataDirectory: String
    /// The ledger's file.
    package var ledgerPath: String { dataDirectory + "/audit.sqlite" }
    /// The folder for segments of rows older than `auditRetention`.
    package var segmentDirectory: String { dataDirectory + "/segments" }
    /// The age at which audit rows expire; nil if rows never expire.
    package var auditRetention: Duration?
    /// The key file given in the settings; nil to use the key file in the data folder.
    package var auditKeyFile: String?
    /// The path of the file with the signing key.
    package var auditKeyPath: String { auditKeyFile ?? dataDirectory + "/audit.key" }
    /// The time between checkpoints. If nil, checkpoints are made only on request and at shutdown.
    package var auditCheckpointInterval: Duration?
    /// The file of the keys that sign journal entries; nil if none is set.
    package var journalKeyFile: String?
    package var policyNames: PolicyNameConvention
    package var refusals: RefusalBudget.Limits
    package var writeDeadline: Duration
    package var drainTimeout: Duration
    package var maxBodyBytes: Int
    package var maxConnections: Int
    /// The maximum number of simultaneous requests. Above this number, the server serves only health checks and
    /// administrators.
    package var maxRequests: Int
    /// The number of requests per minute that one principal may send; 0 for no limit.
    package var requestsPerPrincipal: Int
    /// The number of requests per minute that one address may send; 0 for no limit.
    package var requestsPerAddress: Int
    /// The maximum memory in bytes for all request bodies together, including their parsed documents.
    package var maxBodyMemory: Int
    /// The maximum memory in bytes for all answers together, counting only bytes that clients have not read yet.
    package var maxAnswerMemory: Int
    /// The names of this server besides its addresses, for `CrossSiteGuard.hosts`.
    package var allowedHosts: Set<String>
    /// The origins whose web pages may send requests, for `CrossSiteGuard.origins`.
    package var allowedOrigins: Set<String>
    /// True if reads of the audit log are recorded in the audit log.
    package var auditReads: Bool
    /// The kinds of objects that one person may not change alone.
    package var twoPersons: TwoPersonRule
    package var logLevel: Logger.Level

    /// Reads and checks all settings. Throws an error about the first illegal one.
    package init(_ values: SettingValues) throws(SettingError) {
        let reader = SettingReader(values: values)
        tls = try TLSSettings(reader)
        listen = try ListenRule.addresses(reader, hasCertificate: tls != nil)
        hstsMaxAge = try reader.integer(.hstsMaxAge, in: 0...100_000_000)
        proxies = try ProxySettings(reader)
        access = try AccessSettings(reader)
        etcd = try EtcdSettings(reader)
        dataDirectory = try reader.required(.dataDir, "is empty") { $0.isEmpty ? nil : $0 }
        auditRetention = try reader.required(.auditRetention, "is not an age", parse: Self.age)
        auditKeyFile = try reader.optional(.auditKey)
        let interval = try reader.integer(.auditCheckpointInterval, in: 0...86_400)
        auditCheckpointInterval = interval == 0 ? nil : .seconds(interval)
        journalKeyFile = try reader.optional(.journalKeyFile)
        policyNames = try reader.required(.policyNames, "is not a naming convention") {
            PolicyNameConvention(rawValue: $0)
        }
        let perMinute = try reader.integer(.auditAttempts, in: 1...1_000_000)
        // Refused requests of one source may cause `perMinute` audit rows in a minute. The burst is at least as large,
        // so that the source may cause all of them at once.
        refusals = RefusalBudget.Limits(perMinute: perMinute, burst: max(1_000, perMinute))
        writeDeadline = try .seconds(reader.integer(.writeDeadline, in: 1...600))
        drainTimeout = try .seconds(reader.integer(.drainTimeout, in: 0...600))
        maxBodyBytes = try reader.integer(.maxBodyBytes, in: 1024...1_073_741_824)
        maxConnections = try reader.integer(.maxConnections, in: 1...1_000_000)
        maxRequests = try reader.integer(.maxRequests, in: 1...1_000_000)
        requestsPerPrincipal = try reader.integer(.requestsPerPrincipal, in: 0...1_000_000_000)
        requestsPerAddress = try reader.integer(.requestsPerAddress, in: 0...1_000_000_000)
        maxBodyMemory = try reader.integer(.maxBodyMemory, in: Self.memory)
        maxAnswerMemory = try reader.integer(.maxAnswerMemory, in: Self.memory)
        allowedHosts = try Set(
            reader.list(.allowedHost, "is not the name or address of a host, without a port") {
                Authority($0).flatMap { $0.port == nil ? $0.host : nil }
            })
        allowedOrigins = try Set(
            reader.list(
                .allowedOrigin, "is not the origin of web pages", parse: CrossSiteGuard.origin)
        )
        auditReads = try reader.required(.auditReads, "is neither on nor off") {
            ["on": true, "off": false][$0]
        }
        twoPersons = TwoPersonRule(
            kinds: try Self.twoPersonKinds(reader),
            lifetimeSeconds: try reader.required(.twoPersonExpiry, "is not an age") {
                (Self.age($0) ?? nil).flatMap { $0 <= .seconds(52 * 7 * 86_400) ? $0 : nil }
            }.components.seconds)
        logLevel = try reader.required(.logLevel, "is not a level") { Logger.Level(rawValue: $0) }
        try ListenRule.check(
            listen, isAuthenticated: !access.methods.isEmpty, source: values.texts(.listen).source)
        guard twoPersons.kinds.isEmpty || !access.methods.isEmpty else {
            throw SettingError(
                "\(try values.texts(.twoPerson).source.name(of: .twoPerson)): needs"
                    + " \(Setting.authenticate.flag), because otherwise every client can be any person"
            )
        }
        try refuseBodiesWithoutRoom(reader)
    }

    /// The legal values of the memory limits in bytes: 1 MiB to 1 TiB.
    private static let memory = 1 << 20...1 << 40

    /// Throws if the memory limit is too small for one body of the maximum size. Otherwise the server would answer
    /// every body of that size with 503 "try again", although no later try could succeed.
    private func refuseBodiesWithoutRoom(_ reader: SettingReader) throws(SettingError) {
        let needed = ByteBudget.limit(for: maxBodyBytes * (1 + API.documentMemory))
        guard maxBodyMemory < needed else { return }
        throw SettingError(
            .maxBodyMemory, from: try reader.values.texts(.maxBodyMemory).source,
            "is too small: with \(Setting.maxBodyBytes.flag) \(maxBodyBytes), one body may need \(needed) bytes"
        )
    }

    /// Reads a whole number of hours, days or weeks, up to 876000 hours (100 years). Returns `.some(nil)` for the text
    /// 0, and nil for any other text.
    private static func age(_ text: String) -> Duration?? {
        if text == "0" { return .some(nil) }
        let hours = ["h": 1, "d": 24, "w": 168][text.suffix(1)]
        guard let hours, let count = Int(text.dropLast()), (1...876_000).contains(count),
            count * hours <= 876_000
        else { return nil }
        return .some(.seconds(count * hours * 3_600))
    }

    private static func twoPersonKinds(
        _ reader: SettingReader
    ) throws(SettingError) -> Set<String> {
        let kinds = try reader.list(
            .twoPerson, "is neither all nor a kind of object that clients can change"
        ) {
            $0 == "all" || Grant.allKinds.contains($0) ? $0 : nil
        }
        return Set(kinds.contains("all") ? Grant.allKinds : kinds)
    }
}
