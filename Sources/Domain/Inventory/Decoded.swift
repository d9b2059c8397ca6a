package import Documents

/// What came of reading a client's document: a value as far as that makes sense, and everything that
/// is wrong.
package struct Decoded<Value: Sendable>: Sendable {
    /// Nil when a required part is missing or unreadable.
    package var value: Value?
    package var violations: ViolationList
    package var readOnly: ReadOnlyFields
}

/// Members that the server sets and shows, as a document of whatever kind names them. It may repeat them, so that
/// what was read can be written back; one that says anything else is refused.
package struct ReadOnlyFields: Sendable, Equatable {
    /// The etcd mod_revision the document was read at.
    package var revision: Int64?
    package var uid: Located<String>?
    package var createdAt: Located<String>?
    /// The Calico namespace.
    package var namespace: Located<String>?
    /// A CrossRegionPolicy as it was written, as earlier versions showed it.
    package var source: Located<JSONValue>?
    /// The labels beside such a source, in a document of the form that earlier versions showed.
    package var labels: Located<[String: String]>?

    package init() {}

    /// A revision as a document's text has it: digits as the server writes them; nil for anything else.
    package static func revision(_ text: String) -> Int64? {
        guard let revision = Int64(text), revision >= 0, String(revision) == text else {
            return nil
        }
        return revision
    }

    package static func expectedRevision(_ text: String) -> String {
        "expected a revision as a GET shows it, such as \"42\", found \"\(text.prefix(64))\""
    }
}
