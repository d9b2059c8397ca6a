import ControlPlane
import Documents
import Domain
import Testing

/// Tests of the answer to a refused manifest. It names the document and its error.
@Suite struct ManifestAnswerTests {
    private let bench = PlannerBench()

    private func refusal(_ text: String) throws -> Refusal {
        let documents = try YAMLParser.stream(Array(text.utf8))
        return try #require(bench.refusal(.apply(Manifest(documents), prune: nil)))
    }

    @Test("Documents are counted from one and have their line; pointers count from zero")
    func places() throws {
        let wrong = try refusal(
            "kind: Region\nname: a\n---\nkind: Region\nname: b\n---\n# c\nkind: Region\nname: C\n")
        #expect(wrong.violations.map(\.pointer) == ["/2/name"])
        #expect(
            wrong.detail.hasPrefix(
                "nothing in the manifest was applied: the 3rd document (line 8), region C: /2/name: "
            )
        )
        let repeated = try refusal(
            "kind: Region\nname: a\n---\nkind: Region\nname: b\n---\nkind: Region\nname: a\n")
        #expect(
            repeated.detail
                == "nothing in the manifest was applied: the 3rd document (line 7): "
                + "/2: region a is already in the 1st document (line 1): name each object once")
    }

    @Test(
        "Ordinals are those of English",
        arguments: zip(
            [0, 1, 2, 3, 10, 11, 12, 20, 110, 111],
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th", "112th"]))
    func ordinals(index: Int, ordinal: String) {
        #expect(DocumentNames().name(index) == "the \(ordinal) document")
    }

    @Test("The first violation of each document is told, and how many more there are")
    func summary() throws {
        let both = try refusal(
            "kind: Region\nname: a\nx: 1\ny: 2\n---\nkind: Region\nname: b\nz: 1\n---\nkind: Pod\n")
        #expect(both.detail.contains("the 3rd document (line 10): /2/kind: expected Region"))
        #expect(both.detail.contains("the 1st document (line 1), region a: /0/x: "))
        #expect(both.detail.contains("(and 1 more); the 2nd document (line 6), region b: /1/z: "))
    }

    @Test(
        "A name that YAML takes for something else is refused, and how it was read is said",
        arguments: [
            ("kind: Region\nname: no\n", "/0/name", "the boolean false"),
            ("kind: Subnet\nregion: on\nname: a\n", "/0/region", "the boolean true"),
            (
                "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: no}\n",
                "/0/metadata/name", "the boolean false"
            ),
            (
                "apiVersion: projectcalico.org/v3\nKind: GlobalNetworkPolicy\nMetadata: {Name: 1.10}\n",
                "/0/Metadata/Name", "the number 1.10"
            ),
            (
                "kind: CrossRegionPolicy\nmetadata: {name: yes}\n", "/0/metadata/name",
                "the boolean true"
            ),
        ])
    func misreadName(text: String, pointer: String, found: String) throws {
        let violation = try #require(try refusal(text).violations.first)
        #expect(violation.pointer == pointer)
        #expect(violation.rule == .wrongType)
        #expect(violation.message.contains(found))
        #expect(violation.message.hasSuffix("put the name in quotes"))
    }

    @Test(
        "A name in the place of another kind's is told where it belongs",
        arguments: [
            ("kind: Region\nmetadata: {name: a}\n", "/0/name", "not in metadata.name"),
            ("kind: CrossRegionPolicy\nname: a\n", "/0/metadata/name", "not in name beside kind"),
            ("kind: GlobalNetworkPolicy\nname: a\n", "/0/metadata/name", "not in name beside kind"),
        ])
    func misplacedName(text: String, pointer: String, hint: String) throws {
        let violation = try #require(try refusal(text).violations.first)
        #expect(violation.pointer == pointer)
        #expect(violation.message.hasSuffix(hint))
    }

    @Test(
        "A network policy of another system is called by its name",
        arguments: [
            ("networking.k8s.io/v1", "NetworkPolicy", "Kubernetes"),
            ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "Kubernetes"),
            ("cilium.io/v2", "CiliumNetworkPolicy", "Cilium"),
        ])
    func foreign(version: String, kind: String, system: String) throws {
        let text =
            "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: a, namespace: default}\n"
            + "spec: {podSelector: {}}\n"
        let violations = try refusal(text).violations
        #expect(violations.map(\.pointer) == ["/0/apiVersion"])
        let message = try #require(violations.first?.message)
        #expect(message.contains("this is a \(kind) of \(system), not of Calico"))
        #expect(message.contains("projectcalico.org/v3"))
        let put = bench.refusal(.put(.policy("a"), try YAMLParser.parse(Array(text.utf8))))
        #expect(put?.violations.map(\.message) == [message])
    }
}
