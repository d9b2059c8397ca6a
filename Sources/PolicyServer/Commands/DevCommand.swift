import ArgumentParser

/// Serves the API with an etcd and a ledger of its own, both gone afterwards.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Serve the API with a throw-away etcd and ledger, to try things out.")

    @OptionGroup(visibility: .hidden) var places: PlaceFlags
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        try await StartFailure.reported {
            let values = try await Settings.load(flags, places)
            var settings = try Settings(values)
            for setting in PlaceFlags.settings {
                let source = try values.texts(setting).source
                guard source == .default else {
                    throw SettingError(
                        "\(source.name(of: setting)): dev brings its own; use serve to choose it")
                }
            }
            let etcd = try await DevEtcd.start()
            settings.etcd.endpoints = [etcd.endpoint]
            settings.dataDirectory = etcd.directory + "/ledger"
            try await Application(settings, below: [etcd]).run()
        }
    }
}
