package import Documents
package import Domain

/// The form of grants in files and answers: `{"role":"editor","regions":["east"],"kinds":["Subnet"]}`. A grant without
/// `regions` covers all regions, and a grant without `kinds` covers all kinds.
extension Grant {
    package var document: JSONValue {
        var object = JSONObject()
        object["role"] = .string(role.rawValue)
        if case .some(let regions) = regions {
            object["regions"] = .array(regions.sorted().map(JSONValue.string))
        }
        object["kinds"] = kinds.map { .array($0.sorted().map(JSONValue.string)) }
        return .object(object)
    }

    /// Reads a grant. Throws for an unknown member, role or kind. Also throws for an empty list: if a program leaves a
    /// list empty by mistake, the grant must not cover everything.
    package init(_ document: JSONValue) throws(GrantError) {
        guard let object = document.objectValue else {
            throw GrantError("a grant must be an object")
        }
        for key in object.keys where !["role", "regions", "kinds"].contains(key) {
            throw GrantError("a grant has no member '\(key.cut(to: 64))'")
        }
        guard let text = object["role"]?.stringValue else {
            throw GrantError("a grant needs a role, one of \(Self.roles)")
        }
        self.init(try Self.role(text))
        if let list = object["regions"] {
            regions = .some(try Self.names(list, "regions", Self.checkRegion))
        }
        if let list = object["kinds"] { kinds = try Self.names(list, "kinds", Self.checkKind) }
    }

    /// Reads the form used on the command line: `ROLE`, `ROLE@REGION,REGION` or `ROLE@REGION:KIND,KIND`.
    package init(commandLine text: String) throws(GrantError) {
        let kindParts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = kindParts[0].split(
            separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(try Self.role(String(parts[0])))
        if parts.count == 2 { regions = try Self.regions(String(parts[1])) }
        if kindParts.count == 2 { kinds = try Self.kinds(String(kindParts[1])) }
    }

    /// The grant in the form that `init(commandLine:)` reads.
    package var commandLine: String {
        var text = role.rawValue
        if case .some(let regions) = regions {
            text += "@" + regions.sorted().joined(separator: ",")
        }
        if let kinds { text += ":" + kinds.sorted().joined(separator: ",") }
        return text
    }

    /// Reads the names of regions, separated by commas.
    package static func regions(_ text: String) throws(GrantError) -> RegionSet {
        .some(try names(list(text), "regions", checkRegion))
    }

    /// Reads the names of kinds, separated by commas.
    package static func kinds(_ text: String) throws(GrantError) -> Set<String> {
        try names(list(text), "kinds", checkKind)
    }

    private static func list(_ text: String) -> JSONValue {
        .array(
            text.split(separator: ",", omittingEmptySubsequences: false).map {
                .string($0.trimmed)
            })
    }

    private static func role(_ text: String) throws(GrantError) -> Role {
        guard let role = Role(rawValue: text) else {
            throw GrantError("'\(text.cut(to: 64))' is not a role; the roles are \(roles)")
        }
        return role
    }

    private static func names(
        _ list: JSONValue, _ member: String, _ check: (String) throws(GrantError) -> Void
    ) throws(GrantError) -> Set<String> {
        guard let items = list.arrayValue, !items.isEmpty else {
            throw GrantError(
                "\(member) must be a list of names; leave it out for all \(member)")
        }
        var names: Set<String> = []
        for item in items {
            guard let name = item.stringValue else {
                throw GrantError("\(member) must be a list of names")
            }
            try check(name)
            names.insert(name)
        }
        return names
    }

    private static func checkRegion(_ name: String) throws(GrantError) {
        if let violation = RegionName.violation(name) {
            throw GrantError("'\(name.cut(to: 64))': \(violation.message)")
        }
    }

    private static func checkKind(_ name: String) throws(GrantError) {
        guard !allKinds.contains(name) else { return }
        throw GrantError(
            "'\(name.cut(to: 64))' is not a kind; the kinds are \(allKinds.joined(separator: ", "))"
        )
    }

    private static let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
}

/// An error in a grant.
package struct GrantError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
