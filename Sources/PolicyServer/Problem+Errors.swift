package import ControlPlane
package import Documents
import Domain
package import HTTPCore
import HTTPTypes
package import Store

/// The problems for errors of other targets of this package.
extension Problem {
    /// Returns the problem for a refusal.
    ///
    /// - Parameter positions: The positions of the violations in the client's text; nil where a position is unknown.
    package static func refused(
        _ refusal: Refusal, at positions: [SourcePosition?] = []
    ) -> Problem {
        var members: [(name: String, value: JSONValue)] = []
        let violations = refusal.violations
        if !violations.isEmpty {
            members.append(("violations", violations.document(at: positions)))
            members.append(("violationCount", .number(JSONNumber(Int64(violations.total)))))
        }
        if !refusal.objects.isEmpty {
            let list = listName(refusal.reason)
            members.append((list, .array(refusal.objects.map(\.document))))
            members.append(("total", .number(JSONNumber(Int64(refusal.total)))))
        }
        let tag = refusal.currentRevision.map(EntityTags.tag)
        if let tag { members.append(("currentETag", .string(tag))) }
        var problem = ProblemKind(refusal.reason).problem(refusal.detail, extensions: members)
        if refusal.reason == .preconditionFailed { problem.headers[.eTag] = tag }
        return problem
    }

    package static func failed(_ error: ControlPlaneError) -> Problem {
        let members = error.changeID.map { [(name: "changeId", value: JSONValue.string($0.text))] }
        var problem = ProblemKind(error.code).problem(error.message, extensions: members ?? [])
        if let id = error.changeID { problem.headers[.changeID] = id.text }
        return problem
    }

    package static func unreadable(_ error: DocumentError) -> Problem {
        let violations = ViolationList([error.violation])
        return ProblemKind(error).problem(
            violations.summary,
            extensions: [
                ("violations", violations.document(at: [error.position])),
                ("violationCount", 1),
            ])
    }

    package static func ledger(_ error: StoreError) -> Problem {
        ProblemKind(error).problem("The ledger cannot be read: \(error.message)")
    }

    /// A copy of this problem with `isAudited` set. `isAudited` tells the HTTP layer that the ledger already has a row
    /// for the request.
    var audited: Problem {
        var problem = self
        problem.isAudited = true
        return problem
    }

    /// Returns the problem for a malformed parameter or header.
    static func malformed(_ detail: String) -> Problem { ProblemKind.badRequest.problem(detail) }

    static func notFound(_ detail: String) -> Problem {
        ProblemKind(Refusal.Reason.notFound).problem(detail)
    }

    /// Returns the name of the JSON member that lists the objects of a refusal.
    private static func listName(_ reason: Refusal.Reason) -> String {
        switch reason {
        case .inUse: "usedBy"
        case .legacyLoss: "wouldLose"
        default: "conflicts"
        }
    }
}
