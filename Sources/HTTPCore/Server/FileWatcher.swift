package import Logging
import ServiceLifecycle

/// One file or several that `FileWatcher` reads again after a change.
package protocol Reloadable: Sendable {
    /// The problem of the newest content, for readiness; nil if it is in use.
    var problem: String? { get }

    /// Reads the files again if they have changed. Unusable files leave the earlier content in use.
    ///
    /// - Parameter isAsked: True if an operator has asked for it. The files are then complete, and are read at once.
    func reload(isAsked: Bool, _ logger: Logger) async
}

/// Looks for changed files every two seconds, and when a signal asks for it.
package struct FileWatcher: Service {
    /// The time between two looks.
    package static let interval = Duration.seconds(2)

    private let files: [any Reloadable]
    private let interval: Duration
    private let logger: Logger

    package init(
        _ files: [any Reloadable], interval: Duration = FileWatcher.interval, logger: Logger
    ) {
        self.files = files
        self.interval = interval
        self.logger = logger
    }

    /// The number of files or groups of files to look at.
    package var count: Int { files.count }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { await look(isAsked: false) }
        }
    }

    /// Reads all changed files again, for a signal that asks for it.
    package func reload() async { await look(isAsked: true) }

    private func look(isAsked: Bool) async {
        for file in files { await file.reload(isAsked: isAsked, logger) }
    }
}
