import ControlPlane

extension ProblemKind {
    /// The kinds of problem that this target creates.
    private static let own: [ProblemKind] =
        Refusal.Reason.allCases.map { ProblemKind($0) }
        + ControlPlaneError.Code.allCases.map { ProblemKind($0) }
        + [
            .badRequest, .actor, .unauthenticated, .tooManyStreams, .document, .beforeHistory,
            .historyGap,
        ]

    /// The names of the problems that the HTTP layer itself returns.
    private static let ofProtocol = ["misdirected-request", "cross-site-request", "busy"]

    /// The names of all types of problems, in alphabetical order. A test compares the documentation with this list.
    package static let names = Set(own.map(\.name) + ofProtocol).sorted()
}
