import HTTPTypes
import TestSupport

/// The answers that clients got to their writes, and the state of etcd that follows from them.
struct WriteLog: Sendable {
    struct Acknowledgement: Sendable {
        var changeID: String
        var path: String
    }

    var acknowledged: [Acknowledgement] = []
    /// The states an object may be in, by path: what its `marker` may be, nil for absent. More than one
    /// where the last word on a write is open.
    var possible: [String: Set<String?>] = [:]
    /// The number of answers of each status.
    var statuses: [Int: Int] = [:]
    /// The types of the problems of 503s.
    var problems: Set<String> = []
    /// Changes of which a 503 said only that their outcome is open.
    var undecided: [String] = []
    /// Writes whose connection ended before the answer.
    var unanswered = 0
    /// Answers that no write here should ever get.
    var unexpected: [String] = []
    /// The longest time that an answer took.
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
            // Without a change id the problem says that nothing was applied.
            guard let id = answer.changeID else { break }
            undecided.append(id)
            possible[write.path, default: [nil]].insert(write.marker)
        default: unexpected.append("\(write.path): \(answer.status) \(answer.text)")
        }
    }

    /// `mayBeApplied` is false where the server had promised to answer what it took.
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
