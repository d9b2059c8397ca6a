/// The HTTP status and the problem type of the answer to each outcome.
///
/// Audit rows store the status and the problem type, but this target does not know HTTP. So the program passes its
/// table to this target, and each row records the answer that the client received.
package struct OutcomeStatuses: Sendable {
    /// The status and problem type of an answer that does not report success.
    package struct Problem: Sendable, Equatable {
        package var status: Int
        /// The last element of the problem type's URI.
        package var type: String

        package init(status: Int, type: String) {
            self.status = status
            self.type = type
        }
    }

    /// Returns the status of the answer for a change with this verb.
    package var done: @Sendable (ChangeVerb) -> Int
    /// The status of the answer for a change that waits for a second person.
    package var held: Int
    package var refused: @Sendable (Refusal.Reason) -> Problem
    package var failed: @Sendable (ControlPlaneError.Code) -> Problem

    package init(
        done: @escaping @Sendable (ChangeVerb) -> Int, held: Int,
        refused: @escaping @Sendable (Refusal.Reason) -> Problem,
        failed: @escaping @Sendable (ControlPlaneError.Code) -> Problem
    ) {
        self.done = done
        self.held = held
        self.refused = refused
        self.failed = failed
    }
}
