import HTTPCore
import ServiceLifecycle
import UnixSignals

/// Reloads the TLS files when the process receives SIGHUP, without waiting for the next look at the files.
struct ReloadSignal: Service {
    let credentials: TLSCredentials

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            credentials.reload()
        }
    }
}
