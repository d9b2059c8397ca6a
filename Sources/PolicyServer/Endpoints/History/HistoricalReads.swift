import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes
import Store

/// Reads of the past: the query parameter `at`.
extension API {
    /// The state that the request asks for: `at`, or now, with `atLeast`.
    func point(_ request: Request) async throws(Problem) -> PointInTime {
        guard let at = try Self.historyPoint("at", request) else {
            try await waitUntilApplied(request)
            return .now
        }
        return .past(try await locate(at))
    }

    func locate(_ point: HistoryPoint) async throws(Problem) -> KnownPlace {
        do {
            return try await controlPlane.locate(point, timeout: Self.readDeadline)
        } catch {
            throw .history(error)
        }
    }

    func object(_ name: ObjectName, at point: PointInTime) async throws(Problem) -> ObjectView? {
        do {
            return try await controlPlane.object(name, at: point)
        } catch {
            throw .history(error)
        }
    }

    /// The revision or time that the parameter `name` says; nil when absent.
    static func historyPoint(_ name: String, _ request: Request) throws(Problem) -> HistoryPoint? {
        guard let text = request.query(name) else { return nil }
        guard request.query("atLeast") == nil else {
            throw .malformed(
                "The query parameters \(name) and atLeast exclude each other: \(name) waits by itself."
            )
        }
        guard let point = HistoryPoint(text) else {
            throw .malformed(
                "The query parameter \(name) must be a revision such as 42, or \(Timestamp.askedForms); "
                    + "not '\(text)'.")
        }
        return point
    }
}

extension Response {
    /// The same answer, which says what it shows if that is the past.
    func marked(_ point: PointInTime) -> Response {
        guard let known = point.past else { return self }
        var response = self
        response.headers[.historyRevision] = String(known.place.revision)
        let since = known.range.since.map { $0.rfc3339 + "; " } ?? ""
        response.headers[.historySince] = since + "revision=\(known.range.first)"
        return response
    }
}

extension Problem {
    /// The past cannot be read.
    static func history(_ error: HistoryError) -> Problem {
        switch error {
        case .failed(let error): failed(error)
        case .unknown(let unknown): Problem.unknown(unknown)
        }
    }

    private static func unknown(_ unknown: UnknownPlace) -> Problem {
        var members: [(name: String, value: JSONValue)] = []
        if let next = unknown.next {
            if let since = next.since { members.append(("knownSince", .string(since.rfc3339))) }
            members.append(("knownSinceRevision", .number(JSONNumber(next.first))))
        }
        members.append(("ranges", .array(unknown.ranges.map(\.document))))
        let detail =
            unknown.isBeforeHistory
            ? "The ledger does not go back that far."
            : "Nobody watched etcd then: its history of that time was gone before the ledger had it."
        return ProblemKind(unknown).problem(detail, extensions: members)
    }
}

extension HistoryRange {
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
