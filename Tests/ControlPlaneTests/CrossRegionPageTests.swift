import Calico
import ControlPlane
import Documents
import Domain
import Foundation
import Testing

@Suite("What a GET shows, in docs/cross-region-policy.md")
struct CrossRegionPageTests {
    @Test("the example has the members of the answer, and its drift")
    func example() throws {
        let page = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("docs/cross-region-policy.md")
        let text = try String(contentsOf: page, encoding: .utf8)
        func block(_ language: String) throws -> [UInt8] {
            let parts = text.components(separatedBy: "```\(language)\n")
            try #require(parts.count > 1)
            return Array(parts[1].components(separatedBy: "```\n")[0].utf8)
        }
        let documented = try JSONParser.parse(block("json"))

        let bench = PlannerBench()
        bench.accept(.region("xyz-west", blocks: []))
        bench.accept(.region("xyz-east", blocks: []))
        let name = ObjectName.policy("web-from-apps")
        bench.accept(.put(name, try YAMLParser.parse(block("yaml"))))
        let path = PlannerBench.root + "globalnetworkpolicies/web-from-apps"
        let stored = try #require(
            bench.mirror.read { $0.entries[path].map { String(decoding: $0.bytes, as: UTF8.self) } }
        )
        bench.put(path, stored.replacing(#""order":500,"#, with: #""order":7,"#))
        let shown = try #require(
            bench.planner.current(name, PlanningView(bench.mirror))?.object?.document)

        #expect(shown["status"]?["drift"] == documented["status"]?["drift"])
        #expect(shown["status"]?["inSync"] == documented["status"]?["inSync"])
        let deprecated = ["source", "compiled", "drift"]
        let members = (shown.objectValue?.keys ?? []).filter { !deprecated.contains($0) }
        #expect(members == documented.objectValue?.keys)
        for member in ["metadata", "status"] {
            #expect(shown[member]?.objectValue?.keys == documented[member]?.objectValue?.keys)
        }
    }
}
