import ControlPlane
import Domain
import HTTPCore
import HTTPTypes
import Store
import Synchronization

/// `/v1/audit/stream`
extension API {
    func auditStream(_ request: Request) throws(Problem) -> Response {
        let reader = try reader(request)
        var follower = AuditFollower(
            ledger: ledger, filter: try AuditFilter(request), start: ledger.lastSeq,
            heartbeat: streams.heartbeat)
        // The row about this very request would be the first that it shows.
        follower.ownRequestID = request.requestID
        if let start = try Self.lastEventID(request) {
            // A refusal would keep a browser from ever coming back.
            if start > follower.start { follower.lost = start } else { follower.start = start }
        }
        guard let place = streams.take() else {
            throw ProblemKind.tooManyStreams.problem(
                "\(streams.maximum) streams of the audit log are open.")
        }
        let response = Response(
            headers: [.contentType: AuditFollower.mediaType, .cacheControl: "no-store"],
            body: .stream { [follower] writer in
                // Held for as long as the stream, and given back even if it never begins.
                defer { withExtendedLifetime(place) {} }
                try await follower.run(writer)
            })
        recordRead(request, by: reader, response)
        return response
    }

    /// The number of the row after which the stream begins; nil for its end.
    private static func lastEventID(_ request: Request) throws(Problem) -> Int64? {
        guard let text = request.headers[.lastEventID] ?? request.query("lastEventId") else {
            return nil
        }
        guard let seq = Int64(decimal: text), seq >= 0 else {
            throw .malformed(
                "Last-Event-ID, or the query parameter lastEventId, must be the number of a row such as 4711; "
                    + "not '\(text)'.")
        }
        return seq
    }
}

/// How many streams of the audit log may be open at once.
package final class AuditStreams: Sendable {
    let maximum: Int
    /// The longest silence on a stream.
    let heartbeat: Duration
    private let open = Mutex(0)

    package init(maximum: Int = 64, heartbeat: Duration = .seconds(15)) {
        self.maximum = maximum
        self.heartbeat = heartbeat
    }

    /// Gives its place back when it is released.
    final class Place: Sendable {
        private let streams: AuditStreams

        fileprivate init(_ streams: AuditStreams) { self.streams = streams }

        deinit { streams.open.withLock { $0 -= 1 } }
    }

    /// Nil when all places are taken.
    func take() -> Place? {
        let isFree = open.withLock { open in
            guard open < maximum else { return false }
            open += 1
            return true
        }
        return isFree ? Place(self) : nil
    }
}
