package import Calico
package import ControlPlane
package import HTTPCore
package import Logging

/// The settings as the program uses them, all checked.
package struct Settings: Sendable {
    package var listen: [ListenAddress]
    package var etcd: EtcdSettings
    /// Folder of `audit.sqlite`.
    package var dataDirectory: String
    /// The ledger's file.
    package var ledgerPath: String { dataDirectory + "/audit.sqlite" }
    /// Where rows go that are older than `auditRetention`.
    package var segmentDirectory: String { dataDirectory + "/segments" }
    /// How old audit rows get; nil for ever.
    package var auditRetention: Duration?
    /// The file of the key that signs checkpoints; nil for `auditKeyPath`'s own.
    package var auditKeyFile: String?
    /// Where the signing key is, given or not.
    package var auditKeyPath: String { auditKeyFile ?? dataDirectory + "/audit.key" }
    /// Between checkpoints; nil for none but the last.
    package var auditCheckpointInterval: Duration?
    /// The file of the keys that journal entries are signed with; nil for none.
    package var journalKeyFile: String?
    package var policyNames: PolicyNameConvention
    package var attempts: RefusalBudget.Limits
    package var writeDeadline: Duration
    package var drainTimeout: Duration
    package var maxBodyBytes: Int
    package var maxConnections: Int
    /// Bytes of request bodies and what they become, all together.
    package var maxBodyMemory: Int
    /// Bytes of answers not taken, all together.
    package var maxAnswerMemory: Int
    /// Names of this server beside its addresses, as `RequestDoor.hosts` has them.
    package var allowedHosts: Set<String>
    /// As `RequestDoor.origins` has them.
    package var allowedOrigins: Set<String>
    /// Whether reads of the audit log are rows of it.
    package var auditReads: Bool
    package var logLevel: Logger.Level

    /// Reads every setting; throws for the first that is not legal.
    package init(_ values: SettingValues) throws(SettingError) {
        let reader = SettingReader(values: values)
        listen = try reader.list(.listen, "is not HOST:PORT with a numeric address") {
            ListenAddress(numeric: $0)
        }
        etcd = try EtcdSettings(reader)
        dataDirectory = try reader.required(.dataDir, "is empty") { $0.isEmpty ? nil : $0 }
        auditRetention = try reader.required(.auditRetention, "is not an age", parse: Self.age)
        auditKeyFile = try reader.optional(.auditKey)
        let interval = try reader.integer(.auditCheckpointInterval, in: 0...86_400)
        auditCheckpointInterval = interval == 0 ? nil : .seconds(interval)
        journalKeyFile = try reader.optional(.journalKeyFile)
        policyNames = try reader.required(.policyNames, "is not one of the conventions") {
            PolicyNameConvention(rawValue: $0)
        }
        let perMinute = try reader.integer(.auditAttempts, in: 1...1_000_000)
        attempts = RefusalBudget.Limits(perMinute: perMinute, burst: max(1_000, perMinute))
        writeDeadline = try .seconds(reader.integer(.writeDeadline, in: 1...600))
        drainTimeout = try .seconds(reader.integer(.drainTimeout, in: 0...600))
        maxBodyBytes = try reader.integer(.maxBodyBytes, in: 1024...1_073_741_824)
        maxConnections = try reader.integer(.maxConnections, in: 1...1_000_000)
        maxBodyMemory = try reader.integer(.maxBodyMemory, in: Self.memory)
        maxAnswerMemory = try reader.integer(.maxAnswerMemory, in: Self.memory)
        allowedHosts = try Set(
            reader.list(.allowedHost, "is not the name or address of a host, without a port") {
                Authority($0).flatMap { $0.port == nil ? $0.host : nil }
            })
        allowedOrigins = try Set(
            reader.list(.allowedOrigin, "is not the origin of web pages", parse: RequestDoor.origin)
        )
        auditReads = try reader.required(.auditReads, "is neither on nor off") {
            ["on": true, "off": false][$0]
        }
        logLevel = try reader.required(.logLevel, "is not a level") { Logger.Level(rawValue: $0) }
        try refuseOpenAddresses(reader)
        try refuseBodiesWithoutRoom(reader)
    }

    /// 1 MiB to 1 TiB.
    private static let memory = 1 << 20...1 << 40

    /// A body of the largest size must find room, or it would be refused for ever as if for a moment.
    private func refuseBodiesWithoutRoom(_ reader: SettingReader) throws(SettingError) {
        let needed = ByteBudget.limit(for: maxBodyBytes * (1 + API.documentMemory))
        guard maxBodyMemory < needed else { return }
        throw SettingError(
            .maxBodyMemory, from: try reader.values.texts(.maxBodyMemory).source,
            "one body of \(Setting.maxBodyBytes.flag) \(maxBodyBytes) may need \(needed)")
    }

    /// A whole number of hours, days or weeks, of at most a century; `.some(nil)` for 0.
    private static func age(_ text: String) -> Duration?? {
        if text == "0" { return .some(nil) }
        let hours = ["h": 1, "d": 24, "w": 168][text.suffix(1)]
        guard let hours, let count = Int(text.dropLast()), (1...876_000).contains(count),
            count * hours <= 876_000
        else { return nil }
        return .some(.seconds(count * hours * 3_600))
    }

    /// Whoever reaches the port may change every region's policy, so until there is authentication
    /// only this machine may reach it.
    private func refuseOpenAddresses(_ reader: SettingReader) throws(SettingError) {
        guard let open = listen.first(where: { !$0.isLoopback }) else { return }
        let source = try reader.values.texts(.listen).source
        throw SettingError(
            .listen, from: source,
            "\(open) can be reached from other machines, and without authentication only "
                + "loopback addresses are served")
    }
}
