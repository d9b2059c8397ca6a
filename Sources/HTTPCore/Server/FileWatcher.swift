package import Logging
import ServiceLifecycle

/// One file or several that `FileWatcher` reads again after a change.
package protocol Reloadable: Sendable {
    /// The reason why the newest content cannot be used, for readiness; nil if the newest content is in use.
    var problem: String? { get }

    /// Reads the files again if they have changed, or if `isAsked` is true. Unusable files leave the earlier content in
    /// use.
    ///
    /// - Parameter isAsked: True if an operator has asked for the reload. Operators ask only when the files are
    ///   complete, so the files are then read at once.
    func reload(isAsked: Bool, _ logger: Logger) async
}

/// Reloads changed files. Looks for changes every two seconds, and at once when SIGHUP arrives.
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

    /// Reads all files again at once, because SIGHUP has arrived.
    package func reload() async { await look(isAsked: true) }

    private func look(isAsked: Bool) async {
        for file in files { await file.reload(isAsked: isAsked, logger) }
    }
}
