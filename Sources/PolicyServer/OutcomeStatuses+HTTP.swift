package import ControlPlane
import HTTPTypes

extension ChangeVerb {
    /// The HTTP status of the answer to an accepted change that had this effect on its object.
    var status: HTTPResponse.Status {
        switch self {
        case .create: .created
        case .delete: .noContent
        case .update, .unchanged: .ok
        }
    }
}

extension OutcomeStatuses {
    /// The HTTP statuses and problem types that clients receive. The control plane also writes the same statuses and
    /// types into rows.
    package static let http = OutcomeStatuses(
        done: { $0.status.code }, held: HTTPResponse.Status.accepted.code,
        refused: { Problem(ProblemKind($0)) },
        failed: { Problem(ProblemKind($0)) })
}

extension OutcomeStatuses.Problem {
    fileprivate init(_ kind: ProblemKind) { self.init(status: kind.status, type: kind.name) }
}
