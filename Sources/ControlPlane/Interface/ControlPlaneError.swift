package import Store

/// A failure of this server or of etcd, as opposed to a refusal of the request.
package struct ControlPlaneError: Error, Sendable {
    package enum Code: CaseIterable, Sendable {
        /// The mirror is outdated, or is not complete yet, for example at the start or after a gap.
        case notReady
        /// etcd does not answer, or refuses writes. The change is certainly not in etcd.
        case etcdUnavailable
        /// The ledger cannot be written, so the server is read-only.
        case ledgerUnavailable
        /// The change may or may not be in etcd. `GET /v1/changes/{id}` shows the outcome later.
        case outcomeUnknown
        /// The change is in etcd, but this replica could not show and audit it within the deadline.
        case notYetVisible
        /// Too many writes are waiting.
        case overloaded
        /// The client disconnected before anything was sent to etcd.
        case cancelled
        /// This replica has not reached the requested revision.
        case replicaBehind
        /// etcd has not reached the requested revision yet.
        case futureRevision
        /// The requested time is in the future.
        case futureTime
    }

    package var code: Code
    package var message: String
    /// The id of a change with an unknown outcome or a change that is not yet visible.
    package var changeID: ChangeID?

    package init(_ code: Code, _ message: String, changeID: ChangeID? = nil) {
        self.code = code
        self.message = message
        self.changeID = changeID
    }
}

/// A failure to read history.
package enum HistoryError: Error, Sendable {
    /// The ledger does not know the state at the requested position.
    case unknown(UnknownPosition)
    case failed(ControlPlaneError)
}

extension HistoryError {
    /// Runs `body` and converts its errors. A failure of the ledger becomes a failure of this server.
    static func catching<Value>(
        _ body: () async throws -> Value
    ) async throws(HistoryError) -> Value {
        do {
            return try await body()
        } catch let error as HistoryError {
            throw error
        } catch let unknown as UnknownPosition {
            throw .unknown(unknown)
        } catch let error as ControlPlaneError {
            throw .failed(error)
        } catch {
            throw .failed(
                ControlPlaneError(.ledgerUnavailable, "the ledger cannot be read: \(error)"))
        }
    }
}
