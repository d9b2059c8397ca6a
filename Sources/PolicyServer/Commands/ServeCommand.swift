import ArgumentParser

/// Serves the API against an etcd that is there already.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the API.")

    @OptionGroup var places: PlaceFlags
    @OptionGroup var flags: SettingFlags

    func run() async throws {
        try await StartFailure.reported {
            let settings = try Settings(await Settings.load(flags, places))
            try await Application(settings).run()
        }
    }
}
