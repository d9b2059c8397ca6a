package import Configuration
import Documents
import Domain
import Foundation

extension Settings {
    /// Reads the settings from the command line, the environment, and the file that `--config` or
    /// `POLICY_SERVER_CONFIG` names. Throws if the name of a variable begins with `POLICY_SERVER_` but belongs to no
    /// setting.
    package static func load(
        _ flags: SettingFlags, _ places: LocationFlags,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(SettingError) -> SettingValues {
        try check(environment)
        var file: (path: String, provider: any ConfigProvider)?
        if let path = flags.config ?? environment["POLICY_SERVER_CONFIG"] {
            file = (path, try await SettingsFile.provider(path: path))
        }
        return SettingValues(
            flags: flags.values.merging(places.values) { $1 }, environment: environment, file: file)
    }

    private static func check(_ environment: [String: String]) throws(SettingError) {
        let prefix = "POLICY_SERVER_"
        let known = Set(Setting.allCases.map(\.variable) + [prefix + "CONFIG"])
        let unknown = environment.keys.filter { name in
            name.hasPrefix(prefix) && !known.contains(name) && !isOfService(name)
        }.sorted()
        guard unknown.isEmpty else {
            throw SettingError(
                "\(unknown.joined(separator: ", ")) (environment): no such setting; the known settings are "
                    + known.sorted().joined(separator: ", "))
        }
    }

    /// Returns true if `name` has the form of a variable that Kubernetes sets in every container for a Service whose
    /// name begins with `policy-server`
    /// (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
    private static func isOfService(_ name: String) -> Bool {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        return name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT")
            || parts.last == "PORT" || name.contains("_PORT_")
    }
}

/// The YAML file that `--config` names.
package enum SettingsFile {
    /// Reads the file at `path`. Throws if the file is not a mapping, or has an unknown or repeated key.
    package static func provider(path: String) async throws(SettingError) -> any ConfigProvider {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SettingError("--config: cannot read \(path)")
        }
        try check([UInt8](data), path: path)
        do {
            let location = InMemoryProvider(values: [
                "filePath": ConfigValue(.string(path), isSecret: false)
            ])
            return try await FileProvider<YAMLSnapshot>(config: ConfigReader(provider: location))
        } catch {
            throw SettingError("--config: \(path): \(error)")
        }
    }

    /// Throws if the file has an error that the provider would ignore silently.
    static func check(_ bytes: [UInt8], path: String) throws(SettingError) {
        let document: JSONValue
        do {
            document = try YAMLParser.parse(bytes)
        } catch {
            let line = error.position.map { ":\($0.line)" } ?? ""
            throw SettingError("--config: \(path)\(line): \(error.message)")
        }
        guard let members = document.objectValue else {
            throw SettingError("--config: \(path): not a mapping of settings to values")
        }
        let unknown = members.keys.filter { Setting(rawValue: $0) == nil }
        guard unknown.isEmpty else {
            let known = Setting.allCases.map(\.key).joined(separator: ", ")
            throw SettingError(
                "--config: \(path): unknown \(unknown.count == 1 ? "setting" : "settings") "
                    + "\(unknown.joined(separator: ", ")); the known settings are \(known)")
        }
    }
}
