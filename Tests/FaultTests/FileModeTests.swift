import Foundation
import HTTPTypes
import TestSupport
import Testing

extension ProgramTests {
    /// Tests who has access to the files of the server, and that it does not start when others have.
    struct FileModeTests {
        /// The files of the settings, in the server's folder.
        private struct Secrets {
            let folder: TemporaryDirectory
            let journal: String
            let password: String

            init() throws {
                folder = try TemporaryDirectory()
                journal = folder.file("journal.keys")
                password = folder.file("etcd-password")
                let key = Data(repeating: 7, count: 32).base64EncodedString()
                for (path, text) in [(journal, "a " + key), (password, "unused")] {
                    _ = FileManager.default.createFile(
                        atPath: path, contents: Data(text.utf8),
                        attributes: [.posixPermissions: 0o600])
                }
            }

            var flags: [String] {
                [
                    "--journal-key-file", journal, "--etcd-user", "policy-server",
                    "--etcd-password-file", password,
                ]
            }
        }

        @Test(.timeLimit(.minutes(2)))
        func
            `only the owner has access to the server's files, and a crash leaves no memory behind`()
            async throws
        {
            let secrets = try Secrets()
            try await withEtcd { etcd in
                try await withServer(on: etcd, flags: secrets.flags) { server in
                    let client = APIClient(server)
                    try await client.accepted(.put, "/v1/regions/west", "{}")
                    let checkpoint = try await client.send(.post, "/v1/audit/checkpoint")
                    #expect((200..<300).contains(checkpoint.status))
                    let names = try FileManager.default.subpathsOfDirectory(
                        atPath: server.dataDirectory)
                    #expect(names.contains("audit.sqlite-wal") && names.contains("audit.key"))
                    for name in names {
                        let path = server.dataDirectory + "/" + name
                        #expect(try Self.mode(path) == 0o600, "\(name)")
                    }
                    #expect(try Self.mode(server.dataDirectory) == 0o700)
                    let process = try #require(server.processIdentifier)
                    let limits = try String(
                        contentsOfFile: "/proc/\(process)/limits", encoding: .utf8)
                    #expect(limits.contains(#/Max core file size +0 +0 /#))
                    let status = try String(
                        contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
                    #expect(status.contains("Umask:\t0077"))
                }
            }
        }

        @Test(.timeLimit(.minutes(3)))
        func `the server does not start while others have access, and the named command helps`()
            async throws
        {
            let secrets = try Secrets()
            try await withEtcd { etcd in
                try await withServer(on: etcd, flags: secrets.flags) { server in
                    // A killed server leaves the log beside the ledger.
                    try await server.kill9()
                    let data = server.dataDirectory
                    let segments = data + "/segments"
                    try FileManager.default.createDirectory(
                        atPath: segments, withIntermediateDirectories: false,
                        attributes: [.posixPermissions: 0o700])
                    for (path, mode) in [
                        (data, 0o755), (data, 0o750), (segments, 0o755), (server.ledger, 0o640),
                        (server.ledger + "-wal", 0o644), (data + "/audit.key", 0o640),
                        (secrets.journal, 0o644), (secrets.password, 0o604),
                    ] {
                        try FileManager.default.setAttributes(
                            [.posixPermissions: mode], ofItemAtPath: path)
                        let error = await #expect(throws: FaultTestError.self, "\(path)") {
                            try await server.start(awaitsReady: false)
                        }
                        let text = error?.description ?? ""
                        let command = try #require(
                            text.firstMatch(of: /chmod [67]00 [^\s,]+[^\s,.]/), "\(path): \(text)")
                        #expect(command.0.hasSuffix(" " + path), "\(text)")
                        let result = try await Shell.run(
                            String(command.0), [:], in: secrets.folder)
                        #expect(result.status == 0)
                    }
                    try await server.start()
                }
            }
        }

        private static func mode(_ path: String) throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }
    }
}
