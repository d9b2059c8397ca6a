import HTTPTypes
import TestSupport

/// The answers that clients received to their writes, and the state of etcd that follows from them.
struct WriteLog: Sendable {
    struct Acknowledgement: Sendable {
        var changeID: String
        var path: String
    }

    var acknowledged: [Acknowledgement] = []
    /// The possible values of `marker` for each path; nil means that the object is absent. A path has several values
    /// while the outcome of a write is open.
    var possible: [String: Set<String?>] = [:]
    /// The number of answers of each status.
    var statuses: [Int: Int] = [:]
    /// The types of the problems in 503 answers.
    var problems: Set<String> = []
    /// The ids of changes for which a 503 answer left the outcome open.
    var undecided: [String] = []
    /// The number of writes whose connection ended before the answer.
    var unanswered = 0
    /// The answers that these writes must never receive.
    var unexpected: [String] = []
    /// The longest time between a write and its answer.
    var slowest = Duration.zero

    mutating func record(_ write: Write, _ answer: HTTPTestResponse, took time: Duration) {
        statuses[answer.status, default: 0] += 1
        slowest = max(slowest, time)
        switch answer.status {
        case 200, 201, 204:
            possible[write.path] = [write.marker]
            guard let id = answer.changeID else {
                unexpected.append("no X-Change-Id: \(write.path)")
                return
            }
            acknowledged.append(Acknowledgement(changeID: id, path: write.path))
        case 503:
            problems.insert((try? answer.json())?["type"] as? String ?? "none")
            if answer.headers[.retryAfter] == nil {
                unexpected.append("503 without Retry-After: \(answer.text)")
            }
            // A problem without a change id means that nothing was applied.
            guard let id = answer.changeID else { break }
            undecided.append(id)
            possible[write.path, default: [nil]].insert(write.marker)
        default: unexpected.append("\(write.path): \(answer.status) \(answer.text)")
        }
    }

    /// Records a write without an answer. `mayBeApplied` is false if the server must answer every write that it
    /// accepts.
    mutating func recordUnanswered(_ write: Write, mayBeApplied: Bool) {
        unanswered += 1
        if mayBeApplied { possible[write.path, default: [nil]].insert(write.marker) }
    }
}

extension WriteLog: CustomStringConvertible {
    var description: String {
        let answers = statuses.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
        return "\(acknowledged.count) acknowledged (\(answers.joined(separator: ", "))), "
            + "\(undecided.count) undecided, \(unanswered) unanswered, slowest \(slowest)"
    }
}
