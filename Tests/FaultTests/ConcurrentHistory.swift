import HTTPTypes
import Synchronization
import TestSupport

/// One request of a concurrent history. It has the time before the request was sent and the time after its answer.
struct HistoryEvent: Sendable {
    enum Condition: Sendable {
        case none
        /// The request has `If-Match` with this revision.
        case matches(Int)
        /// The request has `If-None-Match: *`.
        case absent
    }

    var worker: Int
    var path: String
    var isDelete = false
    var condition = Condition.none
    var began: ContinuousClock.Instant
    var ended: ContinuousClock.Instant
    var status: Int
    /// The revision in the `ETag` of the answer, or in the `currentETag` of a 412; nil if absent.
    var revision: Int?
    var changeID: String?
    /// The type and the detail of the problem; nil for other answers.
    var problem: String?

    var isAccepted: Bool { (200..<300).contains(status) }
}

/// Workers that send mixed writes for a few objects to two servers, and record every answer.
final class ConcurrentWorkers: Sendable {
    private let events = Mutex<[HistoryEvent]>([])
    private let isStopped = Atomic(false)

    /// The policies that all workers write.
    static let policies = (0..<6).map { "/v1/policies/shared\($0)" }
    /// The subnets that all workers write.
    static let subnets = (0..<4).map { "/v1/regions/west/subnets/shared\($0)" }

    var history: [HistoryEvent] { events.withLock { $0 } }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    func run(_ servers: [ServerProcess], workers: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                let client = APIClient(servers[worker % servers.count])
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(worker) + 1)
                    var known: [String: Int] = [:]
                    var count = 0
                    while !self.isStopped.load(ordering: .relaxed) {
                        count += 1
                        await self.step(client, worker, count, &known, &random)
                    }
                    await client.http.close()
                }
            }
        }
    }

    private func step(
        _ client: APIClient, _ worker: Int, _ count: Int, _ known: inout [String: Int],
        _ random: inout SeededGenerator
    ) async {
        let isPolicy = Int.random(in: 0..<10, using: &random) < 6
        let path = (isPolicy ? Self.policies : Self.subnets).randomElement(using: &random) ?? ""
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let marker = worker * 100_000 + count
        let block = Int.random(in: 0..<64, using: &random) << 4
        let put =
            isPolicy
            ? Write.policy(name, order: marker).body
            : #"{"cidr":"10.1.\#(block >> 8).\#(block & 255)/28","description":"\#(marker)"}"#
        let patch =
            isPolicy
            ? #"{"spec":{"order":\#(marker)}}"# : #"{"description":"\#(marker)"}"#
        let condition: HistoryEvent.Condition =
            switch Int.random(in: 0..<4, using: &random) {
            case 0: .absent
            case 1: known[path].map { .matches($0) } ?? .none
            default: .none
            }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: await send(client, worker, .put, path, put, condition, &known)
        case 4..<6:
            if case .absent = condition { fallthrough }
            await send(client, worker, .patch, path, patch, condition, &known)
        case 6..<8:
            var condition = condition
            if case .absent = condition { condition = .none }
            await send(client, worker, .delete, path, nil, condition, &known)
        case 8:
            let name = "w\(worker)n\(count)"
            await send(
                client, worker, .post, "/v1/regions/east/subnets",
                #"{"name":"\#(name)","prefixLength":28}"#, .none, &known)
            await send(
                client, worker, .delete, "/v1/regions/east/subnets/\(name)", nil, .none, &known)
        default:
            let documents = [0, 1].map { offset in
                let name = Self.policies[(marker + offset) % Self.policies.count].split(
                    separator: "/")
                return Write.policy(name.last.map(String.init) ?? "", order: marker).body ?? ""
            }
            await send(
                client, worker, .post, "/v1/apply", "[\(documents.joined(separator: ","))]", .none,
                &known)
        }
    }

    private func send(
        _ client: APIClient, _ worker: Int, _ method: HTTPRequest.Method, _ path: String,
        _ body: String?, _ condition: HistoryEvent.Condition, _ known: inout [String: Int]
    ) async {
        var headers: [(String, String)] = []
        switch condition {
        case .none: break
        case .matches(let revision): headers.append(("If-Match", "\"\(revision)\""))
        case .absent: headers.append(("If-None-Match", "*"))
        }
        let began = ContinuousClock.now
        guard let answer = try? await client.send(method, path, body, headers: headers) else {
            return
        }
        let problem = answer.status >= 400 ? try? answer.json() : nil
        let tag = answer.headers[.eTag] ?? problem?["currentETag"] as? String
        let revision = tag.flatMap { Int($0.filter(\.isNumber)) }
        if let revision { known[path] = revision }
        let event = HistoryEvent(
            worker: worker, path: path, isDelete: method == .delete, condition: condition,
            began: began, ended: .now, status: answer.status, revision: revision,
            changeID: answer.changeID,
            problem: problem.map { "\($0["type"] ?? ""): \($0["detail"] ?? "")" })
        events.withLock { $0.append(event) }
    }
}
