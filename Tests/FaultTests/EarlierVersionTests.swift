import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests with the etcd and the ledger of an earlier version, which `scripts/record-version` has recorded.
    struct EarlierVersionTests {
        static let versions = ["0.1.0"]

        /// A request to the recorded version, and its answer.
        struct Answer: Decodable {
            var path: String
            var accept: String
            var status: Int
            var etag: String
            var body: String
        }

        @Test(.timeLimit(.minutes(2)), arguments: versions)
        func `etcd and the ledger of an earlier version give the answers that it gave`(
            version: String
        ) async throws {
            let files = try Recording(version)
            let options = EtcdProcess.Options(snapshot: files.path("etcd.snapshot"))
            try await withEtcd(options) { etcd in
                try await withServer(on: etcd, dataDirectory: files.data) { server in
                    let client = APIClient(server)
                    for answer in try files.answers() {
                        let now = try await client.send(
                            .get, answer.path, headers: [("Accept", answer.accept)])
                        #expect(now.status == answer.status, "\(answer.path)")
                        // A problem contains its request id, so its text differs. The ETag of a list contains `-` and
                        // is valid for one process only.
                        if answer.status == 200 {
                            // A newer version may add columns to CSV, after all others.
                            let text =
                                answer.accept.contains("csv")
                                ? now.text.withoutNewColumns : now.text
                            #expect(
                                text.withoutMessages == answer.body.withoutMessages,
                                "\(answer.path)")
                        }
                        if !answer.etag.contains("-") {
                            #expect(now.headers[.eTag] ?? "" == answer.etag, "\(answer.path)")
                        }
                    }

                    // The new version continues the recorded chain, its anchor in etcd and its ETags.
                    let path = "/v1/regions/east"
                    let tag = try await client.send(.get, path).headers[.eTag] ?? ""
                    let changed = try await client.send(
                        .put, path, #"{"description":"now"}"#, headers: [("If-Match", tag)])
                    #expect(changed.status == 409, "its block holds a subnet")
                    let patched = try await client.send(
                        .patch, path, #"{"description":"now"}"#, headers: [("If-Match", tag)])
                    #expect(patched.status == 200, "\(patched.text)")
                    try await client.accepted(.delete, "/v1/policies/web-from-apps")
                    #expect(try await server.stop() == .exit(0))
                    let check = try await AuditTool(
                        "verify", "--db", server.ledger, "--etcd", etcd.clientURL)
                    #expect(check.status == 0, "\(check.output)")
                }
            }
        }

        @Test(.timeLimit(.minutes(2)), arguments: versions)
        func `a segment of an earlier version is imported row for row`(version: String) async throws
        {
            let files = try Recording(version)
            let segment = files.path("segment.jsonl")
            let options = EtcdProcess.Options(snapshot: files.path("etcd.snapshot"))
            try await withEtcd(options) { etcd in
                try await withServer(on: etcd) { server in
                    #expect(try await server.stop() == .exit(0))
                    let result = try await AuditTool(
                        "import", "--all", "--db", server.ledger, segment)
                    #expect(result.status == 0, "\(result.output)")
                    #expect(!result.output.contains(" 0 rows"), "\(result.output)")
                    let check = try await AuditTool(
                        "verify", "--db", server.ledger, "--etcd", etcd.clientURL)
                    #expect(check.status == 0, "\(check.output)")
                }
            }
            let own = try await AuditTool("verify", "--db", files.data + "/audit.sqlite")
            #expect(own.status == 0, "\(own.output)")
            let again = files.path("again.jsonl")
            let export = try await AuditTool(
                "export", "--db", files.data + "/audit.sqlite", "--out", again)
            #expect(export.status == 0, "\(export.output)")
            // The first line contains the time of the export, so it is not compared.
            let (old, new) = try (Self.lines(segment), Self.lines(again))
            #expect(old.count > 30)
            #expect(new.dropFirst() == old.dropFirst())
        }

        private static func lines(_ path: String) throws -> [Substring] {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        }
    }
}

/// The files of a recorded version, unpacked in a temporary directory.
private struct Recording {
    private let directory: TemporaryDirectory

    init(_ version: String) throws {
        directory = try TemporaryDirectory()
        let fixtures = Repository.root
            .appendingPathComponent("Tests/FaultTests/Fixtures/version-\(version)")
        try FileManager.default.createDirectory(
            atPath: data, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        for name in ["etcd.snapshot", "segment.jsonl", "answers.jsonl", "audit.sqlite"] {
            let target = name == "audit.sqlite" ? data + "/" + name : path(name)
            _ = FileManager.default.createFile(
                atPath: target, contents: nil, attributes: [.posixPermissions: 0o600])
            let unpack = Process()
            unpack.executableURL = URL(fileURLWithPath: "/bin/gzip")
            unpack.arguments = ["-dc", fixtures.appendingPathComponent(name + ".gz").path]
            unpack.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: target))
            try unpack.run()
            unpack.waitUntilExit()
            guard unpack.terminationStatus == 0 else {
                throw FaultTestError("\(name).gz cannot be unpacked")
            }
        }
        let key = try Data(contentsOf: fixtures.appendingPathComponent("audit.key"))
        _ = FileManager.default.createFile(
            atPath: data + "/audit.key", contents: key, attributes: [.posixPermissions: 0o600])
    }

    /// The data directory with the recorded ledger.
    var data: String { path("data") }

    func path(_ name: String) -> String { directory.file(name) }

    func answers() throws -> [ProgramTests.EarlierVersionTests.Answer] {
        try String(contentsOfFile: path("answers.jsonl"), encoding: .utf8)
            .split(separator: "\n")
            .map {
                try JSONDecoder().decode(
                    ProgramTests.EarlierVersionTests.Answer.self, from: Data($0.utf8))
            }
    }
}

extension String {
    /// This JSON or YAML without the messages of findings. A newer version may word them in another way.
    fileprivate var withoutMessages: String {
        replacing(#/"message":"(?:[^"\\]|\\.)*"/#, with: "")
            .replacing(#/(?m)^ *message: .*$/#, with: "")
    }

    /// This CSV without the column that came after the recorded ones. It is empty in every recorded row.
    fileprivate var withoutNewColumns: String {
        replacing("hash,approval", with: "hash")
            .replacing(#/([0-9a-f]{64}),(\R)/#) { "\($0.1)\($0.2)" }
    }
}
