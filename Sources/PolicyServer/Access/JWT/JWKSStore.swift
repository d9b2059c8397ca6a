import ControlPlane
import Documents
package import Domain
import HTTPCore
package import Logging
import ServiceLifecycle
import Store
import Synchronization

/// The current keys of a provider, from a file or a URL. They are loaded again in the background. A changed file is
/// also loaded as soon as `FileWatcher` finds the change.
///
/// A failed load keeps the previous keys. They expire when the last successful load is older than `maximumAge`.
package final class JWKSStore: Service, Reloadable {
    package enum Source: Hashable, Sendable {
        case file(String)
        case url(ProviderURL)
    }

    /// A set of keys. Two loads of the same document have the same generation.
    package struct Snapshot: Sendable {
        package var set: JWKSet
        var generation: UInt64
        var loadedAt: Timestamp
    }

    private struct State {
        var snapshot: Snapshot?
        var lastAttempt: Timestamp?
        var load: Task<Void, Never>?
        /// The delay until the next load in the background, in seconds.
        var delay = JWKSStore.minimumInterval
        var failure: String?
        /// The stamp of the file at the last load; nil for a URL. Also nil if the file was changed just before the
        /// load, because a further change might then leave the stamp as it is.
        var stamp: FileStamp?
    }

    /// The minimum number of seconds between two loads. Without this limit, tokens with invented key ids would make the
    /// server flood the provider with requests.
    static let minimumInterval = 10

    private let source: Source
    private let refreshInterval: Int
    private let maximumAge: Int
    private let client: ProviderClient
    private let logger: Logger
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())

    /// Creates a store without keys. `run()` and `refresh()` load them.
    ///
    /// - Parameters:
    ///   - refreshInterval: The maximum number of seconds between two loads. The provider's field Cache-Control can
    ///     shorten the interval, but not below 60 seconds.
    ///   - maximumAge: The number of seconds for which keys stay usable while the source cannot be read.
    package init(
        _ source: Source, authorities: String? = nil, refreshInterval: Int = 300,
        maximumAge: Int = 86_400, logger: Logger,
        now: @escaping @Sendable () -> Timestamp = SystemClock.now
    ) {
        self.source = source
        self.refreshInterval = refreshInterval
        self.maximumAge = maximumAge
        self.client = ProviderClient(authorities: authorities)
        self.logger = logger
        self.now = now
    }

    /// Returns the keys that can be used now; nil before the first load and after `maximumAge`.
    package func snapshot() -> Snapshot? {
        let now = now()
        return state.withLock { state in
            guard let snapshot = state.snapshot,
                now < snapshot.loadedAt.adding(seconds: maximumAge)
            else { return nil }
            return snapshot
        }
    }

    /// Loads the keys again because a token has an unknown key id. If a load is already running, only waits for it.
    /// Does nothing if the last load began less than `minimumInterval` seconds ago, so that tokens with invented ids
    /// cannot flood the provider.
    func refreshForUnknownKey() async {
        let now = now()
        let isAllowed = state.withLock { state in
            guard state.load == nil, let last = state.lastAttempt else { return true }
            return now < last || now >= last.adding(seconds: Self.minimumInterval)
        }
        if isAllowed { await refresh() }
    }

    /// The error of the last load of the file; nil if the load succeeded or the source is a URL. A URL that does not
    /// answer is not a mistake of this server's operator, and the loaded keys stay in use.
    package var problem: String? {
        guard case .file = source else { return nil }
        return state.withLock(\.failure)
    }

    package func reload(isAsked: Bool, _: Logger) async {
        switch source {
        case .file(let path):
            let stamp = FileStamp.following(path)
            if isAsked || stamp == nil || stamp != state.withLock(\.stamp) { await refresh() }
        case .url:
            if isAsked { await refreshForUnknownKey() }
        }
    }

    /// Loads the keys. Simultaneous calls share one load. A failure is logged and keeps the previous keys.
    package func refresh() async {
        let load = state.withLock { state in
            if let load = state.load { return load }
            // The load runs in a task that belongs to the store. If the task belonged to the first caller, cancelling
            // that caller would fail the other callers too. The timeout of the HTTP client limits the time of the load.
            let load = Task { await self.load() }
            state.load = load
            state.lastAttempt = now()
            return load
        }
        await load.value
    }

    /// Loads the keys repeatedly until the server shuts down. Throws if the source is a file that cannot be used at the
    /// start.
    package func run() async throws {
        await refresh()
        if case .file = source, let failure = state.withLock(\.failure) {
            throw StartFailure("\(Setting.jwtKeys.flag): \(failure)")
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let delay = self.state.withLock(\.delay)
                try? await Task.sleep(for: .seconds(delay))
                if !Task.isCancelled { await self.refresh() }
            }
        }
        await client.shutDown()
    }

    /// Closes the connections. Only needed if `run()` was never called.
    package func close() async { await client.shutDown() }

    private func load() async {
        var stamp: FileStamp?
        if case .file(let path) = source { stamp = FileStamp.following(path)?.settled }
        do {
            let (bytes, maxAge) = try await read()
            let set = try await JWKSet(bytes)
            let time = now()
            let isNew = state.withLock { state in
                let isNew = state.snapshot?.set.document != set.document
                let previous = state.snapshot?.generation ?? 0
                state.snapshot = Snapshot(
                    set: set, generation: isNew ? previous + 1 : previous, loadedAt: time)
                state.delay = min(max(maxAge ?? refreshInterval, 60), refreshInterval)
                state.failure = nil
                state.stamp = stamp
                state.load = nil
                return isNew
            }
            guard isNew else { return }
            logger.notice(
                "loaded the keys that verify tokens",
                metadata: ["source": "\(source)", "keys": "\(set.count)"])
            for reason in set.skipped {
                logger.warning(
                    "a key that verifies tokens cannot be used", metadata: ["reason": "\(reason)"])
            }
        } catch {
            let failure = "\(source) \(error)"
            let isNew = state.withLock { state in
                defer { state.failure = failure }
                state.delay = min(Self.minimumInterval, refreshInterval)
                state.stamp = stamp
                state.load = nil
                return state.failure != failure
            }
            // The server checks a changed file every two seconds, so it logs only an error that differs from the
            // previous one.
            guard isNew else { return }
            logger.error(
                "cannot load the keys that verify tokens",
                metadata: ["source": "\(source)", "error": "\(error)"])
        }
    }

    /// Returns the document, and the number of seconds for which the provider allows caches to keep the document. The
    /// number is nil if the source is a file, or if the provider gives no number.
    private func read() async throws -> (bytes: [UInt8], maxAge: Int?) {
        switch source {
        case .file(let path):
            do throws(StoreError) {
                let bytes = try PrivateFile.read(
                    path, subject: "the key set", others: .reading,
                    maximumBytes: JWKSet.maximumBytes)
                return (bytes, nil)
            } catch {
                throw JWKSetError("cannot be read: \(error.message)")
            }
        case .url(let url):
            let answer = try await client.send(
                ProviderRequest(
                    url: url.text,
                    headers: [("Accept", "application/jwk-set+json, application/json")],
                    answerBytes: JWKSet.maximumBytes))
            guard answer.status == 200 else {
                throw JWKSetError("answers \(answer.status), not 200")
            }
            return (answer.body, answer.header("Cache-Control").flatMap(Self.maxAge))
        }
    }

    /// Returns the number of seconds in the directive `max-age` of a Cache-Control field (RFC 9111 section 5.2.2.1).
    package static func maxAge(_ cacheControl: String) -> Int? {
        for directive in cacheControl.split(separator: ",") {
            let parts = directive.split(separator: "=", maxSplits: 1).map(\.trimmed)
            guard parts.count == 2, parts[0].lowercased() == "max-age" else { continue }
            return Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil }
        }
        return nil
    }
}

extension JWKSStore.Source: CustomStringConvertible {
    package var description: String {
        switch self {
        case .file(let path): path
        case .url(let url): url.text
        }
    }
}
