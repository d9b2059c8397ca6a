import HTTPCore
import ServiceLifecycle
import UnixSignals

/// Reads all changed files again as soon as the process receives SIGHUP, instead of at the next regular check of the
/// files.
struct ReloadSignal: Service {
    let files: FileWatcher

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await files.reload()
        }
    }
}
