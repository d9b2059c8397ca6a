package import ControlPlane
import HTTPTypes

extension ChangeVerb {
    /// The status of the answer to a change that did this to its object.
    var status: HTTPResponse.Status {
        switch self {
        case .create: .created
        case .delete: .noContent
        case .update, .unchanged: .ok
        }
    }
}

extension OutcomeStatuses {
    /// The statuses and problem types that clients are given, for the control plane to put into audit rows.
    package static let http = OutcomeStatuses(
        done: { $0.status.code },
        refused: { Problem(ProblemKind($0)) },
        failed: { Problem(ProblemKind($0)) })
}

extension OutcomeStatuses.Problem {
    fileprivate init(_ kind: ProblemKind) { self.init(status: kind.status, type: kind.name) }
}
