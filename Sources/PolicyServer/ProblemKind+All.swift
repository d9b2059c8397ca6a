import ControlPlane

extension ProblemKind {
    /// The kinds that this target makes.
    private static let own: [ProblemKind] =
        Refusal.Reason.allCases.map { ProblemKind($0) }
        + ControlPlaneError.Code.allCases.map { ProblemKind($0) }
        + [.badRequest, .actor, .tooManyStreams, .document, .beforeHistory, .historyGap]

    /// Those that the HTTP layer answers before a handler is asked.
    private static let ofProtocol = ["misdirected-request", "cross-site-request", "busy"]

    /// The name of every type of problem that there is, in alphabetical order; a test holds the documentation to
    /// it.
    package static let names = Set(own.map(\.name) + ofProtocol).sorted()
}
