import HTTPTypes
import NIOCore

/// The body of one request as a sequence of chunks. Only one task can read it, and only once.
package struct RequestBody: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = any Error
    typealias Chunks = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark,
        RequestBodyDemand
    >

    private enum Storage: Sendable {
        case empty
        case bytes([UInt8])
        case stream(Chunks, onFirstRead: @Sendable () -> Void)
    }

    private let storage: Storage
    /// The claim of the body on the memory budget. The claim lasts as long as a handler holds the body.
    private let lease: ByteLease?
    /// The number of additional bytes of memory that the handler needs for each byte of the body (`Route.bodyMemory`).
    private let memory: Int
    /// The length in bytes from Content-Length; nil if the body is chunked.
    package let length: Int?
    /// The maximum number of bytes that the route allows. Reading a longer body throws a 413 problem.
    package let limit: Int

    /// The value for a request that has no body.
    package static let empty = RequestBody(storage: .empty, length: 0, limit: 0)

    /// Creates a body from known bytes, for tests of handlers.
    package init(bytes: [UInt8]) {
        self.init(storage: .bytes(bytes), length: bytes.count, limit: bytes.count)
    }

    init(
        chunks: Chunks, length: Int?, limit: Int, lease: ByteLease, memory: Int,
        onFirstRead: @escaping @Sendable () -> Void
    ) {
        self.init(
            storage: .stream(chunks, onFirstRead: onFirstRead), length: length, limit: limit,
            lease: lease, memory: memory)
    }

    private init(
        storage: Storage, length: Int?, limit: Int, lease: ByteLease? = nil, memory: Int = 0
    ) {
        self.storage = storage
        self.lease = lease
        self.memory = memory
        self.length = length
        self.limit = limit
    }

    /// Returns the whole body. Throws a 413 problem if it is larger than `maximum` or the route's limit. Throws a 503
    /// problem if the server lacks memory for the document that the handler will create from the body.
    package func collect(upTo maximum: Int = .max) async throws -> [UInt8] {
        let maximum = Swift.min(maximum, limit)
        if let length, length > maximum { throw Problem.contentTooLarge(limit: maximum) }
        if case .bytes(let bytes) = storage { return bytes }
        var collected: [UInt8] = []
        // At most 1 MiB is allocated in advance, because a client can announce a large body and send nothing.
        collected.reserveCapacity(Swift.min(length ?? 0, 1 << 20))
        for try await chunk in self {
            guard collected.count + chunk.count <= maximum else {
                throw Problem.contentTooLarge(limit: maximum)
            }
            collected.append(contentsOf: chunk)
        }
        // Claims the memory for the parsed document now, because the handler parses the bytes next.
        if let lease, !lease.take(memory * collected.count) {
            throw Problem.busy("request bodies")
        }
        return collected
    }

    package func makeAsyncIterator() -> AsyncIterator {
        switch storage {
        case .empty: return AsyncIterator(source: .bytes(nil))
        case .bytes(let bytes): return AsyncIterator(source: .bytes(bytes))
        case .stream(let chunks, let onFirstRead):
            onFirstRead()
            return AsyncIterator(source: .stream(chunks.makeAsyncIterator()))
        }
    }

    package struct AsyncIterator: AsyncIteratorProtocol {
        enum Source {
            case bytes([UInt8]?)
            case stream(Chunks.AsyncIterator)
        }

        fileprivate var source: Source

        /// Returns the next bytes; nil at the end of the body. Throws a `Problem` (400, 408, 413, 503) if the rest of
        /// the body cannot be read.
        package mutating func next() async throws -> [UInt8]? {
            switch source {
            case .bytes(let bytes):
                source = .bytes(nil)
                return bytes
            case .stream(let iterator):
                return try await iterator.next().map { Array($0.readableBytesView) }
            }
        }
    }
}

/// Tells the connection that the reader of the body wants more bytes or has stopped reading.
struct RequestBodyDemand: NIOAsyncSequenceProducerDelegate {
    let onDemand: @Sendable () -> Void

    func produceMore() {
        onDemand()
    }

    func didTerminate() {
        onDemand()
    }
}
