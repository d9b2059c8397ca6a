import Calico
import Documents
import Domain
import Etcd
import Testing

import ControlPlane

/// Tests of a PUT that removes members which another tool has put on an object.
@Suite struct RemovedMembersTests {
    private static let region = ObjectName.region("west")

    @Test(
        "A PUT without another tool's label or field warns, and one of a client that knows does not"
    )
    func put() async throws {
        try await withServer { controlPlane, _, store in
            try await controlPlane.submit(
                .put(.policy("web"), Self.policy(labels: #""own":"1""#)))
            let key = ResourceKey(.globalNetworkPolicy, name: "web")
            let stored = try #require(try await store.get(EtcdKey(key.path)))
            let edited = String(decoding: stored.value, as: UTF8.self)
                .replacing(#""own":"1""#, with: #""own":"1","theirs":"2""#)
                .replacing(
                    #""spec":{"#, with: #""spec":{"performanceHints":["AssumeNeededOnEveryNode"],"#)
            let put = try await store.put(EtcdKey(key.path), Array(edited.utf8))
            try await controlPlane.waitUntilApplied(put.revision, timeout: .seconds(5))

            let kept = Self.policy(
                labels: #""own":"1","theirs":"2""#,
                spec: #""performanceHints":["AssumeNeededOnEveryNode"],"#)
            #expect(try await warned(controlPlane, .put(.policy("web"), kept)) == [])
            #expect(
                try await warned(controlPlane, .patch(.policy("web"), ["spec": ["order": 9]])) == []
            )
            let blind = ChangeOperation.put(.policy("web"), Self.policy(labels: ""))
            #expect(
                try await warned(controlPlane, blind) == [
                    "/metadata/labels/theirs", "/spec/performanceHints",
                ])
            let manifest = ChangeOperation.apply(
                Manifest([Self.policy(labels: #""own":"1""#)]), prune: nil)
            #expect(
                try await warned(controlPlane, manifest) == [
                    "/0/metadata/labels/theirs", "/0/spec/performanceHints",
                ])
            let strict = try await controlPlane.submit(blind, options: ChangeOptions(strict: true))
            #expect(strict.refusal?.rules.contains("document.removes-foreign") == true)
            try await controlPlane.submit(blind)
            #expect(try await warned(controlPlane, .put(.policy("web"), kept)) == [])
        }
    }

    @Test(
        "Labels of regions and subnets that others added are warned of, those of this API are not")
    func inventory() async throws {
        try await withServer { controlPlane, _, store in
            try await controlPlane.submit(.put(Self.region, ["labels": ["own": "1"]]))
            let key = InventoryKey.region("west").resourceKey
            let stored = try #require(try await store.get(EtcdKey(key.path)))
            let edited = String(decoding: stored.value, as: UTF8.self)
                .replacing(#""own":"1""#, with: #""own":"1","theirs":"2""#)
            let put = try await store.put(EtcdKey(key.path), Array(edited.utf8))
            try await controlPlane.waitUntilApplied(put.revision, timeout: .seconds(5))
            #expect(
                try await warned(controlPlane, .put(Self.region, [:])) == [
                    "/metadata/labels/theirs"
                ])
        }
    }

    private func warned(
        _ controlPlane: ControlPlane, _ operation: ChangeOperation
    ) async throws -> [String] {
        let outcome = try await controlPlane.submit(
            operation, options: ChangeOptions(dryRun: true))
        let plan = try #require(outcome.planned, "\(outcome)")
        return plan.warnings.filter { $0.rule.name == "document.removes-foreign" }.map(\.pointer)
    }

    private static func policy(labels: String, spec: String = "") -> JSONValue {
        .json(
            #"{"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy","metadata":{"name":"web","labels":{\#(labels)}},"spec":{\#(spec)"selector":"has(a)","order":5,"types":["Ingress"],"ingress":[{"action":"Allow","source":{"selector":"has(b)"}}]}}"#
        )
    }
}
