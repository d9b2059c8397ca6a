import Documents
package import Domain
import Store

/// The file that `--grants` names: a list of principals with their grants, in YAML or JSON. The file gives rights to
/// principals whose authentication method does not provide roles.
///
/// An entry names a `principal`, a suffix such as `*@example.org`, or the `uid` of a Unix user together with the user's
/// principal. A principal has the grants of all entries that match the principal.
package struct GrantTable: Sendable {
    /// A user of this machine.
    package struct User: Sendable {
        package var principal: String
        package var grants: [Grant]
    }

    private struct Entry {
        /// The method with which the principal must authenticate; nil for every method.
        var method: AuthenticationMethod?
        var grants: [Grant]

        func applies(to other: AuthenticationMethod) -> Bool { method == nil || method == other }
    }

    /// The maximum number of entries in a file.
    package static let maximumEntries = 10_000
    /// The maximum number of suffixes. Each request compares its principal with all of them.
    package static let maximumSuffixes = 100
    static let maximumBytes = 16 << 20
    static let subject = "the file of grants"

    private var exact: [String: [Entry]] = [:]
    private var suffixes: [(suffix: String, entry: Entry)] = []
    private var users: [UInt32: User] = [:]

    /// Returns the grants of a principal that has authenticated by `method`. The list is empty if the principal is
    /// unknown.
    package func grants(of principal: String, method: AuthenticationMethod) -> [Grant] {
        var grants: [Grant] = []
        for entry in exact[principal] ?? [] where entry.applies(to: method) {
            grants += entry.grants
        }
        for (suffix, entry) in suffixes
        where entry.applies(to: method) && principal.utf8.count > suffix.utf8.count
            && principal.hasSuffix(suffix)
        {
            grants += entry.grants
        }
        return grants
    }

    /// Returns the principal and the grants of a Unix user; nil if the file does not name the user.
    package func user(_ id: UInt32) -> User? { users[id] }

    /// Reads the bytes of the file. Throws if other users of this machine can change the file.
    package static func bytes(_ path: String) throws -> [UInt8] {
        try PrivateFile.read(
            path, subject: subject, others: .reading, maximumBytes: maximumBytes)
    }

    /// Parses the entries. An error message names the wrong entry by its number, counted from 1.
    package init(_ bytes: [UInt8]) throws(GrantError) {
        let document: JSONValue
        do {
            document = try YAMLParser.parse(
                bytes, limits: DocumentLimits(depth: 8, nodes: 1_000_000))
        } catch {
            let line = error.position.map { "line \($0.line): " } ?? ""
            throw GrantError(line + error.message)
        }
        guard let list = document.arrayValue else {
            throw GrantError("must be a list of entries with principal and grants")
        }
        guard list.count <= Self.maximumEntries else {
            throw GrantError("has more than \(Self.maximumEntries) entries")
        }
        for (index, entry) in list.enumerated() {
            do {
                try add(entry)
            } catch {
                throw GrantError("entry \(index + 1): \(error)")
            }
        }
    }

    private mutating func add(_ document: JSONValue) throws(GrantError) {
        guard let object = document.objectValue else { throw GrantError("must be an object") }
        for key in object.keys where !["principal", "method", "uid", "grants"].contains(key) {
            throw GrantError("has an unknown member '\(key.cut(to: 64))'")
        }
        guard let principal = object["principal"]?.stringValue else {
            throw GrantError("needs a principal")
        }
        guard let list = object["grants"]?.arrayValue, !list.isEmpty else {
            throw GrantError("needs a list of grants")
        }
        var grants: [Grant] = []
        for item in list { grants.append(try Grant(item)) }
        if let uid = object["uid"] {
            try add(uid: uid, principal, object["method"], grants)
        } else {
            try add(principal, object["method"], grants)
        }
    }

    private mutating func add(
        uid: JSONValue, _ principal: String, _ method: JSONValue?, _ grants: [Grant]
    ) throws(GrantError) {
        guard let id = uid.numberValue.flatMap({ UInt32($0.literal) }) else {
            throw GrantError("uid must be the number of a user")
        }
        guard method == nil else { throw GrantError("uid and method cannot be combined") }
        guard Principal.isName(principal), !principal.hasPrefix("*") else {
            throw GrantError("the principal must be \(Principal.form), and not a reserved name")
        }
        guard users.updateValue(User(principal: principal, grants: grants), forKey: id) == nil
        else { throw GrantError("has the uid of an earlier entry") }
    }

    private mutating func add(
        _ principal: String, _ method: JSONValue?, _ grants: [Grant]
    ) throws(GrantError) {
        let entry = Entry(method: try method.map(Self.method), grants: grants)
        guard Principal.isName(principal) else {
            throw GrantError("the principal must be \(Principal.form), and not a reserved name")
        }
        guard principal.contains("*") else {
            exact[principal, default: []].append(entry)
            return
        }
        let suffix = String(principal.dropFirst())
        // The suffix must not begin with a letter or a digit: the entry `*example.org` would also match
        // `evilexample.org`.
        guard principal.hasPrefix("*"), !suffix.contains("*"), suffix.utf8.count >= 2,
            suffix.first.map({ !$0.isLetter && !$0.isNumber }) == true
        else {
            throw GrantError(
                "a principal with a star must consist of the star, a punctuation mark and a suffix, such as"
                    + " *@example.org"
            )
        }
        suffixes.append((suffix, entry))
        guard suffixes.count <= Self.maximumSuffixes else {
            throw GrantError("more than \(Self.maximumSuffixes) entries have a star")
        }
    }

    private static func method(_ value: JSONValue) throws(GrantError) -> AuthenticationMethod {
        guard let method = value.stringValue.flatMap(AuthenticationMethod.init(rawValue:)),
            ![.none, .asserted, .unix].contains(method)
        else { throw GrantError("method must be certificate, token, jwt or keystone") }
        return method
    }
}
