import Crypto
import HTTPCore
package import Logging
import Synchronization

/// The value of a file. It is read at the start and after each change of the file.
package final class ReloadingFile<Value: Sendable>: Reloadable {
    private struct State {
        var value: Value
        var generation: UInt64 = 1
        var problem: String?
    }

    /// The version and the digest of the content that was read last. A mutex guards them, and also ensures that only
    /// one thread reads the file at a time.
    private struct Content {
        var stamp: FileStamp?
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
        // The stamp is taken before the content is read. If the file changes in between, the next reload notices the
        // change.
        let stamp = FileStamp.following(path)
        let content = try bytes(path)
        do {
            state = Mutex(State(value: try parse(content)))
        } catch {
            throw StartFailure(Self.text("\(error)", subject, path))
        }
        self.content = Mutex(Content(stamp: stamp?.settled, digest: SHA256.hash(data: content)))
    }

    /// The value from the last usable content of the file. Does not block.
    package var value: Value { state.withLock { $0.value } }

    /// The value and its generation. The generation grows each time a changed content is read.
    package var numbered: (value: Value, generation: UInt64) {
        state.withLock { ($0.value, $0.generation) }
    }

    package var problem: String? { state.withLock { $0.problem } }

    package func reload(isAsked: Bool = false, _ logger: Logger) {
        content.withLock { content in
            let stamp = FileStamp.following(path)
            guard isAsked || stamp == nil || stamp != content.stamp else { return }
            content.stamp = stamp?.settled
            do {
                let bytes = try bytes(path)
                let digest = SHA256.hash(data: bytes)
                guard digest != content.digest || problem != nil else { return }
                let value = try parse(bytes)
                content.digest = digest
                state.withLock { state in
                    state = State(value: value, generation: state.generation + 1)
                }
                logger.notice("read a changed file", metadata: ["file": "\(path)"])
            } catch {
                report("\(error)", logger)
            }
        }
    }

    /// Stores a problem, and logs the problem if it differs from the one stored before. A problem that remains is thus
    /// logged only once.
    private func report(_ problem: String, _ logger: Logger) {
        let text = Self.text(problem, subject, path)
        let isNew = state.withLock { state in
            defer { state.problem = text }
            return state.problem != text
        }
        guard isNew else { return }
        logger.error(
            "a changed file cannot be used; the old content stays in force",
            metadata: ["error": "\(text)"])
    }

    private static func text(_ problem: String, _ subject: String, _ path: String) -> String {
        problem.contains(path) ? problem : "\(subject) \(path): \(problem)"
    }
}
