package import Store

/// A failure of this server or of etcd. The request itself was not refused.
package struct ControlPlaneError: Error, Sendable {
    package enum Code: CaseIterable, Sendable {
        /// The mirror is not complete yet (start, or after a gap).
        case notReady
        /// etcd does not answer; the change is certainly not in etcd.
        case etcdUnavailable
        /// The ledger cannot be written: the server is read-only.
        case ledgerUnavailable
        /// The change may or may not be in etcd; `GET /v1/changes/{id}` tells later.
        case outcomeUnknown
        /// It is in etcd, but this replica could not show and audit it within the deadline.
        case notYetVisible
        /// Too many writes wait.
        case overloaded
        /// The client left before anything was sent to etcd.
        case cancelled
        /// This replica has not reached the revision asked for.
        case replicaBehind
        /// etcd itself has not reached the revision asked for.
        case futureRevision
        /// The time asked for is still to come.
        case futureTime
    }

    package var code: Code
    package var message: String
    /// The change, when its outcome is unknown or not yet visible.
    package var changeID: ChangeID?

    package init(_ code: Code, _ message: String, changeID: ChangeID? = nil) {
        self.code = code
        self.message = message
        self.changeID = changeID
    }
}

/// A failure to read history.
package enum HistoryError: Error, Sendable {
    /// The ledger does not know the state at that position.
    case unknown(UnknownPosition)
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
