import Etcd
import HTTPCore
import Logging
import Synchronization

/// The files with which this server and etcd prove themselves to each other: the authorities, the certificate and the
/// key of `--etcd-ca`, `--etcd-cert` and `--etcd-key`. After a change the server connects to etcd anew.
///
/// An endpoint whose member does not accept a new connection keeps its old one. It is tried again at each look, until
/// its member accepts a new one, because a member may be down when the files change.
final class EtcdFiles: Reloadable {
    private struct State {
        /// The stamp of the files when they were last used, and that of the last look.
        var stamp: [FileStamp?]
        var seen: [FileStamp?]
        /// The endpoints that have no connection with the newest files yet; nil for all of them.
        var pending: Set<EtcdEndpoint>? = []
        var problem: String?
        var isRenewing = false
    }

    private let settings: EtcdSettings
    private let client: EtcdClient
    private let state: Mutex<State>

    /// Returns nil if the settings name none of these files.
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
            // A change must last for one look, because the certificate and its key are different files.
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
            // If a newer change has been found meanwhile, all endpoints are still pending.
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
            // Refuses a key that others can read.
            _ = try settings.configuration()
        } catch {
            let all = addresses ?? Set(settings.endpoints)
            return Dictionary(uniqueKeysWithValues: all.map { ($0, error.message) })
        }
        return await client.renewConnections(to: addresses).mapValues(\.message)
    }
}
