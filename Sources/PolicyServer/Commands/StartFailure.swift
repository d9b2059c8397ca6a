import ArgumentParser
import Foundation
import HTTPCore
import ServiceLifecycle
import Store

/// What ends the program with one line on standard error instead of a trace.
struct StartFailure: Error, CustomStringConvertible {
    let description: String
    /// Exit status: EX_CONFIG for a setting, 1 for what happened while starting or serving.
    var exitCode: Int32 = 1

    /// Runs `body`; an error is written to standard error and becomes the exit status.
    static func reported(_ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let error {
            let failure = StartFailure(error)
            LogOutput.standardError.write("\(Version.name): \(failure)\n")
            await LogOutput.standardError.flush(within: .seconds(1))
            throw ExitCode(failure.exitCode)
        }
    }

    init(_ description: String) { self.description = description }

    private init(_ error: any Error) {
        switch error {
        case let failure as StartFailure: self = failure
        case let failure as ListenerFailure: self.init("\(failure)")
        case let setting as SettingError:
            self.init(setting.message)
            exitCode = SettingError.exitCode
        case let store as StoreError: self.init(store.message)
        default: self.init("\(error)")
        }
    }
}
