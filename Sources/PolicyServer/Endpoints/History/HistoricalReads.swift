import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// Reads of an earlier state, which a request selects with the query parameter `at`.
extension API {
    /// Returns the earlier state if the request has the parameter `at`. Otherwise waits until the mirror has reached
    /// `atLeast`, and returns the current state.
    func point(_ request: Request) async throws(Problem) -> PointInTime {
        guard let at = try Self.historyPoint("at", request) else {
            try await waitUntilApplied(request)
            return .now
        }
        return .past(try await locate(at))
    }

    func locate(_ point: HistoryPoint) async throws(Problem) -> ResolvedPosition {
        do {
            return try await controlPlane.locate(point, timeout: Self.readDeadline)
        } catch {
            throw .history(error, asked: point)
        }
    }

    /// Returns the object at `point`; nil if the object did not exist or the caller may not see it.
    func object(
        _ name: ObjectName, at point: PointInTime, for scope: AccessScope
    ) async throws(Problem) -> ObjectView? {
        do {
            return try await controlPlane.object(name, at: point, for: scope)
        } catch {
            throw .history(error)
        }
    }

    /// Returns the revision or time in the parameter `name`; nil if the parameter is absent.
    static func historyPoint(_ name: String, _ request: Request) throws(Problem) -> HistoryPoint? {
        guard let text = request.query(name) else { return nil }
        guard request.query("atLeast") == nil else {
            throw .malformed(
                "The query parameters \(name) and atLeast cannot be combined: leave atLeast out, because"
                    + " \(name) already waits."
            )
        }
        guard let point = HistoryPoint(text) else {
            throw .malformed(
                "The query parameter \(name) must be a revision such as 42, or \(Timestamp.askedFormsInURL); "
                    + "not '\(text)'.")
        }
        return point
    }
}

extension Response {
    /// Returns this answer. If `point` is an earlier state, the returned answer also has the header fields with the
    /// state's revision and with the start of the known range.
    func marked(_ point: PointInTime) -> Response {
        guard let known = point.past else { return self }
        var response = self
        response.headers[.historyRevision] = String(known.position.revision)
        let since = known.range.since.map { $0.rfc3339 + "; " } ?? ""
        response.headers[.historySince] = since + "revision=\(known.range.first)"
        return response
    }
}

extension Problem {
    /// Returns the problem for an earlier state that cannot be read.
    ///
    /// - Parameter point: The revision or time in the request, for the message.
    static func history(_ error: HistoryError, asked point: HistoryPoint? = nil) -> Problem {
        switch error {
        case .failed(let error): failed(error)
        case .unknown(let unknown): Problem.unknown(unknown, asked: point)
        }
    }

    private static func unknown(_ unknown: UnknownPosition, asked point: HistoryPoint?) -> Problem {
        var members: [(name: String, value: JSONValue)] = []
        if let next = unknown.next {
            if let since = next.since { members.append(("knownSince", .string(since.rfc3339))) }
            members.append(("knownSinceRevision", .number(JSONNumber(next.first))))
        }
        members.append(("ranges", .array(unknown.ranges.map(\.document))))
        let asked = point?.text ?? "there"
        let start = unknown.next.map { ": it begins \($0.beginning)" } ?? ""
        let detail =
            unknown.isBeforeHistory
            ? "The ledger does not go back to \(asked)\(start)."
            : "No server watched etcd at \(point?.text ?? "that time"), and etcd discarded its history of that"
                + " time before a server could read it."
        return ProblemKind(unknown).problem(detail, extensions: members)
    }
}

extension HistoryPoint {
    /// The point in words, for messages; nil for the newest state, because no request names that state.
    fileprivate var text: String? {
        switch self {
        case .revision(let revision): "revision \(revision)"
        case .time(let time): time.rfc3339
        case .position(let position): "revision \(position.revision) of epoch \(position.epoch)"
        case .newest: nil
        }
    }
}

extension HistoryRange {
    /// The position at which the range begins, in words for messages.
    fileprivate var beginning: String {
        let time = since.map { "at \($0.rfc3339), " } ?? "at "
        return time + "revision \(first)"
    }

    var document: JSONValue {
        var object = JSONObject()
        object["epoch"] = .number(JSONNumber(epoch))
        object["firstRevision"] = .number(JSONNumber(first))
        object["lastRevision"] = last.map { .number(JSONNumber($0)) }
        object["since"] = since.map { .string($0.rfc3339) }
        object["until"] = last == nil ? nil : until.map { .string($0.rfc3339) }
        return .object(object)
    }
}
