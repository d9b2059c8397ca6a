import Foundation
import HTTPCore

/// Reading texts into values, with errors that name the setting and its source.
struct SettingReader {
    let values: SettingValues

    /// The texts of a list setting, each read by `parse`; none when it has no default and is not set.
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

    /// The text of a setting that has a default, read by `parse`.
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

    /// The text, or nil when nothing is set; an empty one is refused.
    func optional(_ setting: Setting) throws(SettingError) -> String? {
        let (texts, source) = try values.texts(setting)
        guard let text = texts.last else { return nil }
        guard !text.isEmpty else { throw SettingError(setting, from: source, "is empty") }
        return text
    }

    /// The path of a file that can be read, or nil when nothing is set.
    func readableFile(_ setting: Setting) throws(SettingError) -> String? {
        guard let path = try optional(setting) else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw SettingError(
                setting, from: try values.texts(setting).source, "cannot read the file '\(path)'")
        }
        return path
    }

    /// Refuses `other` when `setting` is absent.
    func require(_ setting: Setting, with other: Setting) throws(SettingError) {
        let (texts, source) = try values.texts(other)
        if !texts.isEmpty, try values.texts(setting).texts.isEmpty {
            throw SettingError("\(source.name(of: other)): needs \(setting.flag) as well")
        }
    }
}
