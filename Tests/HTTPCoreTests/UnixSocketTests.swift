import Foundation
import HTTPCore
import HTTPTypes
import ServiceLifecycle
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct UnixSocketTests {
    /// A route that answers with the client's address and user.
    private static let whoami = Route(immediate: .get, "/whoami") { request in
        let user = request.peer.userID.map { String($0) } ?? "nobody"
        return Response(
            contentType: "text/plain", Array("\(request.peer.address) \(user)".utf8))
    }

    private static func curl(_ path: String, _ arguments: String...) async throws -> TestCommand {
        try await TestCommand.run(
            "curl", ["-sS", "--unix-socket", path, "--max-time", "10"] + arguments)
    }

    private static func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test func `curl reaches the socket, and the server knows the user`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("api.sock")
        try await TestServer.with([Self.whoami], listen: ListenAddress(unixPath: path)) { _ in
            #expect(try Self.mode(path) == 0o660)
            let answer = try await Self.curl(path, "http://localhost/whoami")
            #expect(answer.output == "unix \(geteuid())")
            // A web page cannot reach the socket, but a proxy may pass on the name that the page used.
            let other = try await Self.curl(
                path, "-o", "/dev/null", "-w", "%{http_code}", "http://evil.example/whoami")
            #expect(other.output == "421")
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `the file of a socket on which nobody listens is replaced`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("api.sock")
        // Python binds and ends without removing the file, as a killed server does.
        let left = try await TestCommand.run(
            "python3",
            [
                "-c",
                "import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()",
                path,
            ])
        #expect(left.status == 0)
        #expect(FileManager.default.fileExists(atPath: path))
        try await TestServer.with([Self.whoami], listen: ListenAddress(unixPath: path)) { _ in
            let answer = try await Self.curl(path, "http://127.0.0.1/whoami")
            #expect(answer.output == "unix \(geteuid())")
        }
    }

    @Test func `a socket on which another server listens is left alone`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("api.sock")
        try await TestServer.with([Self.whoami], listen: ListenAddress(unixPath: path)) { _ in
            let second = try Self.server(path)
            let error = await #expect(throws: ListenError.self) { try await second.run() }
            #expect(error?.description == "cannot listen on unix:\(path): Address already in use")
            let answer = try await Self.curl(path, "http://localhost/whoami")
            #expect(answer.output == "unix \(geteuid())")
        }
    }

    @Test func `a file that is not a socket is left alone`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("api.sock")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        let server = try Self.server(path)
        let error = await #expect(throws: ListenError.self) { try await server.run() }
        #expect(error?.description == "cannot listen on unix:\(path): File exists")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
    }

    @Test func `a path that is too long is refused`() async throws {
        let path = "/tmp/" + String(repeating: "x", count: 108)
        let server = try Self.server(path)
        let error = await #expect(throws: ListenError.self) { try await server.run() }
        #expect(error?.description.hasSuffix("File name too long") == true)
    }

    @Test func `a server that ends does not remove the file of its successor`() async throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("api.sock")
        try await TestServer.with([Self.whoami], listen: ListenAddress(unixPath: path)) { _ in
            try FileManager.default.removeItem(atPath: path)
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
        }
        #expect(FileManager.default.fileExists(atPath: path))
    }

    private static func server(_ path: String) throws -> HTTPServer {
        var builder = RouterBuilder()
        builder.add([whoami])
        return HTTPServer(
            listen: [ListenAddress(unixPath: path)], router: try builder.build(), logger: .silent)
    }
}
