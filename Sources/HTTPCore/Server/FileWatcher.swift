package import Logging
import ServiceLifecycle

/// One file or several that `FileWatcher` reads again after a change.
package protocol Reloadable: Sendable {
    /// The reason why the newest content cannot be used, for readiness; nil if the newest content is in use.
    var problem: String? { get }

    /// Reads the files again if they have changed. Unusable files leave the earlier content in use.
    ///
    /// - Parameter isAsked: True if an operator has asked for the reload. The files are then assumed to be complete,
    ///   and are read at once.
    func reload(isAsked: Bool, _ logger: Logger) async
}

/// Reads files again after they have changed. Looks for changes every two seconds, and when a signal asks for a reload.
package struct FileWatcher: Service {
    /// The time between two looks for changes.
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

    /// True if there are no files to watch.
    package var isEmpty: Bool { files.isEmpty }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { await look(isAsked: false) }
        }
    }

    /// Reads the files again at once. Called when a signal asks for a reload.
    package func reload() async { await look(isAsked: true) }

    private func look(isAsked: Bool) async {
        for file in files { await file.reload(isAsked: isAsked, logger) }
    }
}
