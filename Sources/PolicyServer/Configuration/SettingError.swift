/// A setting that cannot be used: which one, where it came from, and what would be legal.
package struct SettingError: Error, Equatable, CustomStringConvertible {
    package var message: String

    package init(_ message: String) { self.message = message }

    /// The value of `setting` from `source` is not legal; `problem` says why.
    package init(_ setting: Setting, from source: SettingSource, _ problem: String) {
        message = "\(source.name(of: setting)): \(problem); for example \(setting.example)"
    }

    package var description: String { message }

    /// EX_CONFIG of sysexits.h: something is wrong in the configuration.
    package static let exitCode: Int32 = 78
}

/// Where a setting's value came from, in falling precedence.
package enum SettingSource: Hashable, Sendable {
    case flag
    case environment
    case file(path: String)
    case `default`

    /// How an error names `setting` when its value came from here.
    package func name(of setting: Setting) -> String {
        switch self {
        case .flag: "\(setting.flag) (command line)"
        case .environment: "\(setting.variable) (environment)"
        case .file(let path): "\(setting.key) (file \(path))"
        case .default: "\(setting.key) (default)"
        }
    }
}
