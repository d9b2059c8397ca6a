import Foundation
import TestSupport
import Testing

extension ProgramTests {
    /// Runs the commands of README and of the pages in `docs/`, in order, from the state that each page names.
    @Suite(.serialized)
    struct DocumentedCommandsTests {
        /// The number of blocks that no test runs, by page. A new such block must be counted here.
        private static let exemptions = [
            "README.md": 2, "docs/api.md": 1, "docs/etcd.md": 1,
        ]

        @Test
        func `each page with commands states their start, and each block is run or says why not`()
            throws
        {
            let pages = try DocumentedPage.all()
            #expect(pages.count >= 10)
            for page in pages {
                let known: Set = ["sh", "json", "yaml", "text", "python"]
                #expect(page.languages.subtracting(known) == [], "\(page.path)")
                if !page.commands.isEmpty {
                    #expect(page.start != nil, "\(page.path) does not state where it starts")
                }
                let exempt = page.blocks.compactMap(\.exemption)
                #expect(exempt.count == Self.exemptions[page.path] ?? 0, "\(page.path): \(exempt)")
            }
        }

        @Test(.timeLimit(.minutes(3)), arguments: try DocumentedPage.all().filter(Self.isRunHere))
        func `the commands of a page run in order`(page: DocumentedPage) async throws {
            try await withDocumentedMachine { machine in
                let before = page.start == .example ? try Self.example() : []
                let work = machine.folder.file("work")
                try FileManager.default.createDirectory(
                    atPath: work, withIntermediateDirectories: true)
                // The page shows this script and names the file for it.
                try page.firstBlock(of: "python")?
                    .write(toFile: work + "/check.py", atomically: true, encoding: .utf8)
                let blocks = before + page.commands.map(Self.prepared)
                let outputs = try await DocumentedScript(machine: machine).run(blocks)
                let shown = Dictionary(
                    zip(blocks.map(\.heading), outputs), uniquingKeysWith: +)
                for (heading, expected) in Self.outputs {
                    guard let output = shown[heading] else { continue }
                    #expect(output.contains(expected), "\(heading): \(output)")
                }
            }
        }

        @Test func `a status in a comment is that of the curl below it`() throws {
            let code = "curl a\n# 409, since\ncurl b\ncurl c"
            #expect(
                try DocumentedScript.withStatuses(code)
                    == "curl a\n# 409, since\nexpected_status=409 curl b\ncurl c")
            #expect(throws: FaultTestError.self) {
                try DocumentedScript.withStatuses("# 404, x\nls")
            }
        }

        @Test func `a command that fails and a status that is not the stated one fail the page`()
            async throws
        {
            try await withDocumentedMachine { machine in
                let script = DocumentedScript(machine: machine)
                func run(_ code: String) async throws -> [String] {
                    let block = DocumentedPage.Block(line: 7, heading: "Here", code: code)
                    return try await script.run([block])
                }
                let absent = "curl http://127.0.0.1:8080/v1/regions/absent"
                for code in [
                    "false\ntrue", "false | true", absent, absent + " | cat",
                    "# 404, no\ncurl -f x",
                    "# 409, not so\n" + absent,
                ] {
                    let error = await #expect(throws: FaultTestError.self, "\(code)") {
                        try await run(code)
                    }
                    #expect(error?.description.hasPrefix("Here, line 7: exit ") == true)
                }
                let shown = try await run("# 404, so\n" + absent + "\necho done")
                #expect(shown[0].contains("/problems/not-found") && shown[0].hasSuffix("done\n"))
            }
        }

        /// Returns true if the page has commands that these tests run. `AuditorQuestionsTests` runs the page with
        /// questions about a day.
        private static func isRunHere(_ page: DocumentedPage) -> Bool {
            !page.commands.isEmpty && page.start != .day
        }

        /// Returns the first commands of README. The other pages continue from their state.
        private static func example() throws -> [DocumentedPage.Block] {
            try DocumentedPage("README.md").commands.filter { $0.heading == "An example" }
        }

        /// Returns `block` with commands in front of it: actions of other people that the text of the page assumes.
        private static func prepared(_ block: DocumentedPage.Block) -> DocumentedPage.Block {
            var block = block
            if let first = incidents[block.heading] { block.code = first + "\n" + block.code }
            return block
        }

        /// The actions of other people, by the heading of the section that assumes them.
        private static let incidents = [
            // The command makes a row that the backup does not contain.
            "Backup and restore": """
            expected_status=404 curl -X DELETE "$api/v1/policies/absent"
            """,
            "When head cannot be read": """
            etcdctl put /calico-policy-server/v1/head broken
            until curl "$api/v1/audit?kind=Ledger&name=head" | jq -e '.items != []'; do sleep 0.1; done
            """,
            // The command makes the file that a reader of audit-proof.md has already stored.
            "What to watch": """
            curl -X POST "$api/v1/audit/checkpoint" | jq -er .verifierKey >/etc/policy-server/ledger.vkey
            """,
        ]

        /// A text that the output below a heading must contain. Other headings only need commands that succeed.
        private static let outputs = [
            "Backup and restore": "/mismatch-",
            "Evidence for somebody else": "OK: row ",
            "Try it": #""origin":"external""#,
            "When head cannot be read": #""changeId""#,
            "Replicas": "the same ",
        ]
    }
}
