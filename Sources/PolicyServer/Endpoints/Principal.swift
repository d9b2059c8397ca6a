import Documents
import Domain
package import HTTPCore
import HTTPTypes

/// Who a request counts as.
package enum Principal {
    /// `X-Actor`, else `anonymous@<address>`: there is no authentication, and so only clients on this
    /// machine, whose word is taken. Throws a 400 problem when the header is malformed.
    package static func of(_ request: Request) throws(Problem) -> String {
        guard let actor = request.headers[.actor] else { return anonymous(request) }
        guard isActor(actor) else {
            throw ProblemKind.actor.problem(
                "X-Actor must be \(form), not '\(actor.cut(to: 64))'.")
        }
        guard !isReserved(actor) else {
            throw ProblemKind.actor.problem(
                "X-Actor must not be \(actor): the ledger calls nobody's and its own doings so.")
        }
        return actor
    }

    /// Returns true if a row of the ledger may call somebody so.
    static func isActor(_ text: String) -> Bool { text.isVisibleASCII(1...128) }

    /// The form of what `isActor`.
    static let form =
        "1 to 128 ASCII letters, digits and punctuation marks without spaces, such as alice.smith or "
        + "alice@example.org"

    /// Returns true if `text` can be one of `X-Actor-Roles`, which are separated by commas.
    static func isRole(_ text: String) -> Bool {
        text.isVisibleASCII(1...64) && !text.contains(",")
    }

    /// The form of what `isRole`.
    static let roleForm =
        "1 to 64 ASCII letters, digits and punctuation marks without spaces and commas"

    /// Who has not said who it is.
    static func anonymous(_ request: Request) -> String { "anonymous@\(request.remoteAddress)" }

    /// Names that the ledger itself gives: to other writers of etcd, to this server, to who said none.
    private static func isReserved(_ actor: String) -> Bool {
        let name = actor.lowercased()
        return ["unknown", "policy-server"].contains(name) || name.hasPrefix("anonymous@")
    }

    /// The values of `authentication(of:)`.
    static let authentications = ["none", "asserted"]

    /// How `of` knows: `asserted` when the client said, `none` when nobody did.
    package static func authentication(of request: Request) -> String {
        request.headers[.actor] == nil ? "none" : "asserted"
    }
}
