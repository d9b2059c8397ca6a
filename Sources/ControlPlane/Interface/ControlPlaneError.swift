package import Store

/// Why the past could not be read.
package enum HistoryError: Error, Sendable {
    /// The ledger does not know what stood there.
    case unknown(UnknownPlace)
    case failed(ControlPlaneError)
}

extension HistoryError {
    /// Runs `body`; a failure of the ledger is one of this server, not of the request.
    static func catching<Value>(
        _ body: () async throws -> Value
    ) async throws(HistoryError) -> Value {
        do {
            return try await body()
        } catch let error as HistoryError {
            throw error
        } catch let unknown as UnknownPlace {
            throw .unknown(unknown)
        } catch let error as ControlPlaneError {
            throw .failed(error)
        } catch {
            throw .failed(
                ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)"))
        }
    }
}
