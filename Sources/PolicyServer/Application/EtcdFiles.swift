import Etcd
import HTTPCore
import Logging
import Synchronization

/// The TLS files of the connection to etcd: the authorities, the certificate and the key that `--etcd-ca`,
/// `--etcd-cert` and `--etcd-key` name. After a change of the files, this server opens new connections to etcd.
///
/// If the etcd member at an endpoint does not accept the new connection, the old connection stays in use. The endpoint
/// is tried again at each later check of the files, because the member may only be down.
final class EtcdFiles: Reloadable {
    private struct State {
        /// The stamps of the files that the connections to etcd should use.
        var stamp: [FileStamp?]
        /// The stamps of the files at the last check.
        var seen: [FileStamp?]
        /// The endpoints that have no connection with the newest files yet; nil for all endpoints.
        var pending: Set<EtcdEndpoint>? = []
        var problem: String?
        var isRenewing = false
    }

    private let settings: EtcdSettings
    private let client: EtcdClient
    private let state: Mutex<State>

    /// Returns nil if the settings name none of the TLS files.
    init?(_ settings: EtcdSettings, _ client: EtcdClient) {
        guard !settings.tlsFiles.isEmpty else { return nil }
        self.settings = settings
        self.client = client
        let stamp = settings.tlsFiles.map(FileStamp.following)
        state = Mutex(State(stamp: stamp, seen: stamp))
    }

    var problem: String? { state.withLock { $0.problem } }

    func reload(isAsked: Bool, _ logger: Logger) async {
        let stamp = settings.tlsFiles.map(FileStamp.following)
        let pending: Set<EtcdEndpoint>?? = state.withLock { state in
            let isSettled = isAsked || stamp == state.seen
            state.seen = stamp
            // A change counts only if two checks in a row find the same stamps. The certificate and its key are
            // different files, so the first check may find only one of them changed.
            if isAsked || isSettled && stamp != state.stamp {
                state.stamp = stamp
                state.pending = nil
            }
            guard !state.isRenewing, isSettled, state.pending?.isEmpty != true else { return nil }
            state.isRenewing = true
            return .some(state.pending)
        }
        guard let pending else { return }
        let failures = await renew(pending)
        let news = state.withLock { state in
            state.isRenewing = false
            // If the files changed again during `renew`, `pending` stays nil, and all endpoints are renewed once more.
            if state.stamp == stamp { state.pending = Set(failures.keys) }
            let texts = failures.map { "\($0): \($1)" }.sorted()
            let problem = texts.isEmpty ? nil : texts.joined(separator: "; ")
            defer { state.problem = problem }
            return state.problem == problem && problem != nil ? nil : problem ?? ""
        }
        switch news {
        case nil: break
        case ""?: logger.notice("connected to etcd with the changed files")
        case let problem?:
            logger.error(
                "the changed files for etcd cannot be used; the old connections stay in use",
                metadata: ["error": "\(problem)"])
        }
    }

    /// Connects anew to the endpoints. Returns the reasons why some of them keep their old connection.
    private func renew(_ addresses: Set<EtcdEndpoint>?) async -> [EtcdEndpoint: String] {
        do throws(SettingError) {
            // This line throws if the files cannot be used, for example because other users can read the key.
            _ = try settings.configuration()
        } catch {
            let all = addresses ?? Set(settings.endpoints)
            return Dictionary(uniqueKeysWithValues: all.map { ($0, error.message) })
        }
        return await client.renewConnections(to: addresses).mapValues(\.message)
    }
}
