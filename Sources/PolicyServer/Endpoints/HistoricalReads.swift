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
            throw .history(error, asked: point)
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
                "The query parameter \(name) must be a revision such as 42, or \(Timestamp.askedFormsInURL); "
                    + "not '\(text)'.")
        }
        return point
    }
}

/// A position of a list in the past, which stays at the place where the first page was.
struct PinnedPosition: Equatable {
    var places: [HistoryPlace]
    var rest: String

    init(_ places: [HistoryPlace], _ rest: String) {
        self.places = places
        self.rest = rest
    }

    /// Reads what `text` writes.
    init?(_ text: String, places count: Int = 1) {
        let parts = text.split(
            separator: " ", maxSplits: count, omittingEmptySubsequences: false)
        let places = parts.prefix(count).compactMap { HistoryPlace(String($0)) }
        guard parts.count == count + 1, places.count == count else { return nil }
        self.init(places, String(parts[count]))
    }

    var text: String { (places.map(\.description) + [rest]).joined(separator: " ") }
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
    ///
    /// - Parameter asked: What the request was understood to ask for.
    static func history(_ error: HistoryError, asked point: HistoryPoint? = nil) -> Problem {
        switch error {
        case .failed(let error): failed(error)
        case .unknown(let unknown): Problem.unknown(unknown, asked: point)
        }
    }

    private static func unknown(_ unknown: UnknownPlace, asked point: HistoryPoint?) -> Problem {
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
            : "Nobody watched etcd at \(point?.text ?? "that time"): its history of that time was gone before"
                + " the ledger had it."
        return ProblemKind(unknown).problem(detail, extensions: members)
    }
}

extension HistoryPoint {
    /// The point as it was understood; nil for one that no client names.
    fileprivate var text: String? {
        switch self {
        case .revision(let revision): "revision \(revision)"
        case .time(let time): time.rfc3339
        case .place(let place): "revision \(place.revision) of epoch \(place.epoch)"
        case .newest: nil
        }
    }
}

extension HistoryRange {
    /// The first moment that is known.
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
