package import Configuration
import Documents
import Domain
import Foundation

/// The YAML file of `--config`.
package enum SettingsFile {
    /// Reads the file at `path`; a key that is no setting, a repeated key or a file that is not a
    /// mapping is refused by name.
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

    /// Refuses what the provider would silently pass over.
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
                    + "\(unknown.joined(separator: ", ")); known are \(known)")
        }
    }
}
