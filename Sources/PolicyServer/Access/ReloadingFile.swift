import Crypto
package import Logging
import ServiceLifecycle
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that `FileWatcher` reads again after a change.
package protocol Reloadable: Sendable {
    /// The reason why the changed file cannot be used; nil if the last version was usable. Readiness reports it.
    var problem: String? { get }

    /// Reads the file again if it has changed. If the file is unusable, the old value stays in force.
    func reload(_ logger: Logger)
}

/// A value that is parsed from a file. The file is read at the start and after each change.
package final class ReloadingFile<Value: Sendable>: Reloadable {
    private struct State {
        var value: Value
        var problem: String?
    }

    /// The version and the digest of the content that was read last. The lock also ensures that only one thread reads
    /// the file.
    private struct Content {
        var version: FileVersion?
        var digest: SHA256Digest
    }

    private let path: String
    /// The description of the file in messages, such as `the token file`.
    private let subject: String
    private let bytes: @Sendable (String) throws -> [UInt8]
    private let parse: @Sendable ([UInt8]) throws -> Value
    private let state: Mutex<State>
    private let content: Mutex<Content>

    /// Reads the file. Throws if the file is unusable.
    package init(
        _ path: String, subject: String,
        bytes: @escaping @Sendable (String) throws -> [UInt8],
        parse: @escaping @Sendable ([UInt8]) throws -> Value
    ) throws {
        (self.path, self.subject, self.bytes, self.parse) = (path, subject, bytes, parse)
        // The version is taken before the content is read. If the file changes in between, the next reload sees another
        // version and reads the file again.
        let version = FileVersion(path)
        let content = try bytes(path)
        do {
            state = Mutex(State(value: try parse(content)))
        } catch {
            throw StartFailure("\(subject) \(path): \(error)")
        }
        self.content = Mutex(
            Content(version: version?.settled, digest: SHA256.hash(data: content)))
    }

    /// The value from the last usable content of the file. Does not block.
    package var value: Value { state.withLock { $0.value } }

    package var problem: String? { state.withLock { $0.problem } }

    package func reload(_ logger: Logger) {
        content.withLock { content in
            let version = FileVersion(path)
            guard version == nil || version != content.version else { return }
            content.version = version?.settled
            do {
                let bytes = try bytes(path)
                let digest = SHA256.hash(data: bytes)
                guard digest != content.digest || problem != nil else { return }
                let value = try parse(bytes)
                content.digest = digest
                state.withLock { $0 = State(value: value) }
                logger.notice("read a changed file", metadata: ["file": "\(path)"])
            } catch {
                report("\(error)", logger)
            }
        }
    }

    /// Stores a problem, and logs the problem if it differs from the one stored before. A problem that remains is thus
    /// logged only once.
    private func report(_ problem: String, _ logger: Logger) {
        let text = problem.contains(path) ? problem : "\(subject) \(path): \(problem)"
        let isNew = state.withLock { state in
            defer { state.problem = text }
            return state.problem != text
        }
        guard isNew else { return }
        logger.error(
            "a changed file cannot be used; the old content stays in force",
            metadata: ["error": "\(text)"])
    }
}

/// The properties of a file that change with its content or its mode.
private struct FileVersion: Equatable {
    private var device: UInt64
    private var inode: UInt64
    private var size: Int64
    private var modified: [Int]
    private var changed: [Int]
    private var isSettled: Bool

    /// Reads the properties of the file. Returns nil if the file does not exist.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
        #else
            let (modified, changed) = (status.st_mtim, status.st_ctim)
        #endif
        (device, inode, size) = (
            UInt64(status.st_dev), UInt64(status.st_ino), Int64(status.st_size)
        )
        self.modified = [Int(modified.tv_sec), Int(modified.tv_nsec)]
        self.changed = [Int(changed.tv_sec), Int(changed.tv_nsec)]
        // Two changes within one tick of the kernel's clock have the same time. The version is settled if the last
        // change is more than a second old, because a further change then gets another time.
        isSettled = time(nil) - Int(changed.tv_sec) > 1
    }

    /// This version; nil if the file changed so recently that a further change might not alter its version.
    var settled: FileVersion? { isSettled ? self : nil }
}

/// Looks for changed files every two seconds.
package struct FileWatcher: Service {
    /// The time between two checks of the files.
    package static let interval = Duration.seconds(2)

    private let files: [any Reloadable]
    private let interval: Duration
    private let logger: Logger

    package init(
        _ files: [any Reloadable], interval: Duration = FileWatcher.interval, logger: Logger
    ) {
        self.files = files
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { reload() }
        }
    }

    /// Reads all changed files again.
    package func reload() {
        for file in files { file.reload(logger) }
    }

    /// The problems of all files. Readiness reports them.
    package var problems: [String] { files.compactMap(\.problem) }
}
