import ControlPlane
import Documents
package import Domain
package import Logging
import ServiceLifecycle
import Store
import Synchronization

/// The current keys of a provider. They come from a file or a URL and are loaded again in the background.
///
/// A failed load keeps the previous keys. They expire when the last successful load is older than `maximumAge`.
package final class JWKSStore: Service {
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
    }

    /// The minimum number of seconds between two loads. Without a limit, tokens with invented key ids would make this
    /// server flood the provider.
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
    ///   - refreshInterval: The maximum number of seconds between two loads. The field Cache-Control of the provider
    ///     can shorten it to a minute.
    ///   - maximumAge: The number of seconds for which keys stay usable when the source cannot be read.
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

    /// Loads the keys again because a token has an unknown key id. Does nothing if the last load began less than
    /// `minimumInterval` ago, so that invented ids cost the provider nothing.
    func refreshForUnknownKey() async {
        let now = now()
        let isAllowed = state.withLock { state in
            guard state.load == nil, let last = state.lastAttempt else { return true }
            return now < last || now >= last.adding(seconds: Self.minimumInterval)
        }
        if isAllowed { await refresh() }
    }

    /// Loads the keys. Simultaneous calls share one load. A failure is logged and keeps the previous keys.
    package func refresh() async {
        let load = state.withLock { state in
            if let load = state.load { return load }
            // The task belongs to this store and not to the first caller, whose cancellation must not fail the others.
            // The timeout of the client bounds it.
            let load = Task { await self.load() }
            state.load = load
            state.lastAttempt = now()
            return load
        }
        await load.value
    }

    /// Loads the keys until the server shuts down. Throws if a file cannot be used at the start.
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

    /// Closes the connections of a store that does not run.
    package func close() async { await client.shutDown() }

    private func load() async {
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
                state.load = nil
                return isNew
            }
            guard isNew else { return }
            logger.notice(
                "keys of tokens loaded", metadata: ["source": "\(source)", "keys": "\(set.count)"])
            for reason in set.skipped {
                logger.warning("key of tokens not used", metadata: ["reason": "\(reason)"])
            }
        } catch {
            state.withLock { state in
                state.failure = "\(source) \(error)"
                state.delay = min(Self.minimumInterval, refreshInterval)
                state.load = nil
            }
            logger.error(
                "keys of tokens not loaded", metadata: ["source": "\(source)", "error": "\(error)"])
        }
    }

    /// Returns the document, and the seconds for which the provider allows to keep it.
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

    /// Returns the value of `max-age` (RFC 9111 section 5.2.2.1).
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
