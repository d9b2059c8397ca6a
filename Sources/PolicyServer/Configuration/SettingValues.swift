package import Configuration
import Foundation

/// The texts of the settings from all sources; what a text means is `Settings`' business.
package struct SettingValues: Sendable {
    /// Sources in falling precedence.
    private let layers: [(source: SettingSource, provider: any ConfigProvider)]

    package init(layers: [(source: SettingSource, provider: any ConfigProvider)]) {
        self.layers = layers
    }

    /// Flags before environment before file. `flags` holds what the command line names,
    /// `environment` the whole environment of the process.
    package init(
        flags: [Setting: [String]], environment: [String: String],
        file: (path: String, provider: any ConfigProvider)? = nil
    ) {
        let variables = EnvironmentVariablesProvider(environmentVariables: environment)
        var layers: [(source: SettingSource, provider: any ConfigProvider)] = [
            (.flag, InMemoryProvider(name: "command line", values: Self.values(of: flags))),
            (.environment, variables.prefixKeys(with: ["policy-server"])),
        ]
        if let file { layers.append((.file(path: file.path), file.provider)) }
        self.init(layers: layers)
    }

    /// The text or texts of `setting` and their source; throws when the source's value has another form.
    package func texts(_ setting: Setting) throws(SettingError) -> (
        texts: [String], source: SettingSource
    ) {
        for (source, provider) in layers {
            if let texts = try Self.texts(setting, of: provider, source: source) {
                return (setting.isList ? texts.flatMap(Self.parts) : texts, source)
            }
        }
        return (setting.defaultText.isEmpty ? [] : [setting.defaultText], .default)
    }

    /// The parts of a list that is written as one text, as etcdctl takes it.
    private static func parts(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    private static func texts(
        _ setting: Setting, of provider: any ConfigProvider, source: SettingSource
    ) throws(SettingError) -> [String]? {
        let key = AbsoluteConfigKey([setting.key])
        if setting.isList {
            let list = try? provider.value(forKey: key, type: .stringArray).value?.content
            if case .stringArray(let texts)? = list { return texts }
        }
        do {
            guard let content = try provider.value(forKey: key, type: .string).value?.content,
                case .string(let text) = content
            else { return nil }
            return [text]
        } catch {
            throw SettingError(setting, from: source, "is not a single value")
        }
    }

    private static func values(of flags: [Setting: [String]]) -> [AbsoluteConfigKey: ConfigValue] {
        var values: [AbsoluteConfigKey: ConfigValue] = [:]
        for (setting, texts) in flags {
            let content: ConfigContent =
                setting.isList ? .stringArray(texts) : .string(texts.last ?? "")
            values[AbsoluteConfigKey([setting.key])] = ConfigValue(content, isSecret: false)
        }
        return values
    }
}
