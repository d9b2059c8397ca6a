package import Configuration
import Foundation
import HTTPCore

/// Converts the texts of settings to values. Error messages contain the setting and its source.
struct SettingReader {
    let values: SettingValues

    /// Returns the values of a list setting, each converted by `parse`. The list is empty if the setting is absent and
    /// has no default.
    func list<Value>(
        _ setting: Setting, _ problem: String, parse: (String) -> Value?
    ) throws(SettingError) -> [Value] {
        let (texts, source) = try values.texts(setting)
        guard !texts.isEmpty || setting.defaultText.isEmpty else {
            throw SettingError(setting, from: source, "is empty")
        }
        var result: [Value] = []
        for text in texts {
            guard let value = parse(text) else {
                throw SettingError(setting, from: source, "'\(text)' \(problem)")
            }
            result.append(value)
        }
        return result
    }

    /// Returns the last value of a setting, converted by `parse`. The setting must be given or have a default.
    func required<Value>(
        _ setting: Setting, _ problem: String, parse: (String) -> Value?
    ) throws(SettingError) -> Value {
        let (texts, source) = try values.texts(setting)
        let text = texts.last ?? ""
        guard let value = parse(text) else {
            throw SettingError(setting, from: source, "'\(text)' \(problem)")
        }
        return value
    }

    func integer(_ setting: Setting, in range: ClosedRange<Int>) throws(SettingError) -> Int {
        try required(
            setting, "is not a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { text in
            Int(decimal: text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Returns the text of the setting; nil if the setting is absent. Throws if the text is empty.
    func optional(_ setting: Setting) throws(SettingError) -> String? {
        let (texts, source) = try values.texts(setting)
        guard let text = texts.last else { return nil }
        guard !text.isEmpty else { throw SettingError(setting, from: source, "is empty") }
        return text
    }

    /// Returns the path in the setting; nil if the setting is absent. Throws if the file cannot be read.
    func readableFile(_ setting: Setting) throws(SettingError) -> String? {
        guard let path = try optional(setting) else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw SettingError(
                setting, from: try values.texts(setting).source, "cannot read the file '\(path)'")
        }
        return path
    }

    /// Throws if `other` is given without `setting`.
    func require(_ setting: Setting, with other: Setting) throws(SettingError) {
        let (texts, source) = try values.texts(other)
        if !texts.isEmpty, try values.texts(setting).texts.isEmpty {
            throw SettingError("\(source.name(of: other)): needs \(setting.flag) as well")
        }
    }
}

/// The texts of the settings from all sources. `Settings` checks and converts them.
package struct SettingValues: Sendable {
    /// The sources in descending precedence.
    private let layers: [(source: SettingSource, provider: any ConfigProvider)]

    package init(layers: [(source: SettingSource, provider: any ConfigProvider)]) {
        self.layers = layers
    }

    /// Combines the sources. Flags take precedence over the environment, and the environment takes precedence over the
    /// file. `environment` must be the whole environment of the process.
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

    /// Returns the texts of `setting`, and the source from which they come. Throws if the value in the source has the
    /// wrong type.
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

    /// Splits a text at its commas. etcdctl accepts lists in the same form.
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

/// An error in a setting. The message contains the setting, its source, and an example of a legal value.
package struct SettingError: Error, Equatable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }

    /// Creates an error about the value of `setting`. `source` is the source of the value, and `problem` says what is
    /// wrong.
    package init(_ setting: Setting, from source: SettingSource, _ problem: String) {
        message = "\(source.name(of: setting)): \(problem); for example \(setting.example)"
    }

    package var description: String { message }

    /// The exit status for a configuration error: EX_CONFIG in sysexits.h.
    package static let exitCode: Int32 = 78
}

/// The source of a setting's value. The cases are in descending precedence.
package enum SettingSource: Hashable, Sendable {
    case flag
    case environment
    case file(path: String)
    case `default`

    /// Returns the name of `setting` as it is written in this source, for an error message.
    package func name(of setting: Setting) -> String {
        switch self {
        case .flag: "\(setting.flag) (command line)"
        case .environment: "\(setting.variable) (environment)"
        case .file(let path): "\(setting.key) (file \(path))"
        case .default: "\(setting.key) (default)"
        }
    }
}
