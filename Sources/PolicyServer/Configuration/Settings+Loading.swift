import Configuration
import Foundation

extension Settings {
    /// Reads the settings from the command line, the environment and the file that `--config` or
    /// `POLICY_SERVER_CONFIG` names.
    package static func load(
        _ flags: SettingFlags,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(SettingError) -> SettingValues {
        var file: (path: String, provider: any ConfigProvider)?
        if let path = flags.config ?? environment["POLICY_SERVER_CONFIG"] {
            file = (path, try await SettingsFile.provider(path: path))
        }
        return SettingValues(flags: flags.values, environment: environment, file: file)
    }
}
