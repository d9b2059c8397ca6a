import Documents
import Domain
import Testing

/// A null member is refused in every kind of this server, because an absent one would often mean everybody.
struct BlankMemberTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let kind: String
        let member: String
        let violations: ViolationList

        var testDescription: String { "\(kind) \(member)" }
    }

    @Test(arguments: regions + subnets + allocations + policies + rules + peers)
    func refusesABlankMemberAndNamesTheMeaningOfLeavingItOut(_ row: Case) {
        let found = row.violations.filter { $0.pointer == row.member }
        #expect(found.map(\.rule) == [.blank], "found \(row.violations)")
        #expect(found.first?.message.hasPrefix("is blank") == true)
    }

    /// Messages about members that select something name the meaning of an absent member.
    @Test(arguments: ["securityGroup", "nets", "selector", "project", "subnet"])
    func namesTheMeaningOfAnAbsentMember(member: String) {
        let message = Self.peer(member).violations.first { $0.rule == .blank }?.message
        #expect(message?.contains("leave the field out, which means any") == true)
    }

    /// A null in a merge patch removes the member, and the result is judged without it. A null inside a list stays
    /// (RFC 7396).
    @Test func aMergePatchRemovesMembersButNotInsideLists() {
        let old: JSONValue = ["displayName": "x", "addressBlocks": ["10.0.0.0/8"]]
        let without = MergePatch.apply(["addressBlocks": .null], to: old)
        #expect(Region.decode(without, name: "a").violations.isEmpty)
        let patch: JSONValue = [
            "spec": ["allow": [["from": ["region": .null], "to": ["region": "b"]]]]
        ]
        let policy = CrossRegionPolicy.decode(
            MergePatch.apply(patch, to: Self.policy(spec: [:])), name: "p")
        #expect(policy.violations.map(\.pointer) == ["/spec/allow/0/from/region"])
        #expect(policy.violations.map(\.rule) == [.blank])
    }

    private static let regions = [
        "kind", "name", "displayName", "description", "addressBlocks", "labels", "namespace",
        "revision", "uid", "createdAt",
    ].map { member in
        Case(
            kind: "Region", member: "/" + member,
            violations: Region.decode(blank(member, in: [:]), name: "a").violations)
    }

    private static let subnets = [
        "kind", "region", "name", "cidr", "displayName", "description", "labels", "revision", "uid",
        "createdAt",
    ].map { member in
        Case(
            kind: "Subnet", member: "/" + member,
            violations: Subnet.decode(
                blank(member, in: ["cidr": "10.0.0.0/24"]), region: "r", name: "a"
            ).violations)
    }

    private static let allocations = [
        "name", "prefixLength", "within", "ipVersion", "labels", "revision", "uid",
    ].map { member in
        Case(
            kind: "allocation", member: "/" + member,
            violations: SubnetAllocation.decode(
                blank(member, in: ["name": "a", "prefixLength": 24])
            ).violations)
    }

    private static let policies =
        ["kind", "apiVersion", "metadata", "spec"].map { member in
            policy(blank(member, in: policy(spec: ["allow": [rule]])), "/" + member)
        }
        + ["name", "labels", "resourceVersion", "uid", "creationTimestamp"].map { member in
            policy(
                policy(metadata: blank(member, in: ["name": "p"]), spec: ["allow": [rule]]),
                "/metadata/" + member)
        }
        + ["allow", "deny", "order", "description"].map { member in
            policy(policy(spec: blank(member, in: ["allow": [rule]])), "/spec/" + member)
        }

    private static let rules = ["from", "to", "protocol", "ports"].map { member in
        policy(policy(spec: ["allow": [blank(member, in: rule)]]), "/spec/allow/0/" + member)
    }

    private static let peers = [
        "any", "region", "regions", "securityGroup", "securityGroups", "securityGroupName",
        "project", "projectName", "network", "subnet", "nets", "notNets", "labels", "selector",
    ].map(peer)

    private static let rule: JSONValue = ["from": ["region": "a"], "to": ["region": "b"]]

    private static func peer(_ member: String) -> Case {
        let rule: JSONValue = ["from": blank(member, in: [:]), "to": ["region": "b"]]
        return policy(policy(spec: ["allow": [rule]]), "/spec/allow/0/from/" + member)
    }

    private static func policy(_ document: JSONValue, _ pointer: String) -> Case {
        Case(
            kind: "CrossRegionPolicy", member: pointer,
            violations: CrossRegionPolicy.decode(document, name: "p").violations)
    }

    private static func policy(
        metadata: JSONValue = ["name": "p"], spec: JSONValue
    ) -> JSONValue {
        ["kind": "CrossRegionPolicy", "metadata": metadata, "spec": spec]
    }

    /// Returns `document` with a null member.
    private static func blank(_ member: String, in document: JSONValue) -> JSONValue {
        var object = document.objectValue ?? JSONObject()
        object[member] = .some(.null)
        return .object(object)
    }
}
