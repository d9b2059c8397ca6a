import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the warnings about groups and labels that a Calico policy names and no VM has.
@Suite struct PolicyReferenceTests {
    private static let group = "sg.projectcalico.org/openstack-85cc3048-abc3-43cc-89b3-377341426ac5"
    private static let named = "sg-name.projectcalico.org/openstack-web"
    private let bench = PlannerBench()

    private func warnings(
        selector: String = "has(a)", source: String = "has(b)"
    ) throws -> [String] {
        let document: JSONValue = [
            "apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkPolicy",
            "metadata": ["name": "web"],
            "spec": [
                "selector": .string(selector), "order": 1, "types": ["Ingress"],
                "ingress": [["action": "Allow", "source": ["selector": .string(source)]]],
            ],
        ]
        let write = try #require(bench.write(.put(.policy("web"), document)))
        return write.warnings.map { "\($0.rule) \($0.pointer)" }
    }

    @Test("A group without VMs gets one warning, at its first mention")
    func groups() throws {
        #expect(
            try warnings(selector: "has(\(Self.group))", source: "!has(\(Self.group)) && has(x)")
                == ["lint.matches-nothing /spec/selector"])
        #expect(
            try warnings(source: "has(\(Self.named))")
                == ["lint.matches-nothing /spec/ingress/0/source/selector"])
        #expect(try warnings() == [], "other labels may be those of network sets")
    }

    @Test("A group is warned of once its last VM is gone")
    func members() throws {
        let path =
            PlannerBench.root
            + "workloadendpoints/openstack-region-one/node-openstack-vm-eth0"
        bench.put(
            path,
            #"{"metadata":{"name":"node-openstack-vm-eth0","labels":{"\#(Self.group)":"web"}}}"#)
        #expect(try warnings(selector: "has(\(Self.group))") == [])
        bench.delete(path)
        #expect(try warnings(selector: "has(\(Self.group))").count == 1)
    }

    @Test(
        "A region that is not registered is warned of, by its namespace and by its label",
        arguments: [
            "policyserver/region == 'wset'", "policyserver/region in {'wset', 'one'}",
            "projectcalico.org/namespace == 'openstack-region-wset'",
        ])
    func regions(selector: String) throws {
        bench.accept(.region("one"))
        #expect(
            try warnings(source: selector)
                == ["lint.unknown-region /spec/ingress/0/source/selector"])
        #expect(try warnings(source: "policyserver/region == 'one'") == [])
        #expect(try warnings(source: "policyserver/region starts with 'o'") == [])
    }
}
