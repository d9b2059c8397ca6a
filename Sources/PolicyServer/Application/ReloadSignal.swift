import HTTPCore
import ServiceLifecycle
import UnixSignals

/// Reads all changed files again when the process receives SIGHUP, without waiting for the next look at the files.
struct ReloadSignal: Service {
    let files: FileWatcher

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            await files.reload()
        }
    }
}
