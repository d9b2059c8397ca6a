/// What came of reading a client's document: a value as far as that makes sense, and everything that
/// is wrong.
package struct Decoded<Value: Sendable>: Sendable {
    /// Nil when a required part is missing or unreadable.
    package var value: Value?
    package var violations: [Violation]
    package var readOnly: ReadOnlyFields
}

/// Members that the server sets and shows. A document may repeat them, so that what was read can be
/// written back.
package struct ReadOnlyFields: Sendable, Equatable {
    /// The etcd mod_revision the document was read at.
    package var revision: Int64?
    package var uid: String?
    package var createdAt: String?
}
