import HTTPCore
import ServiceLifecycle
import UnixSignals

/// Reloads the TLS files when the process receives SIGHUP. The server thus need not wait for its next regular check of
/// the files.
struct ReloadSignal: Service {
    let credentials: TLSCredentials

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            credentials.reload()
        }
    }
}
