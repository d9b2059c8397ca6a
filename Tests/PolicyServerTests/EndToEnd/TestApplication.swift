import Documents
import Domain
import HTTPCore
import HTTPTypes
import Logging
import PolicyServer
import TestSupport
import Testing

/// The whole server on a free loopback port, with a ledger in a temporary directory.
struct TestApplication: Sendable {
    let client: HTTPTestClient
    let etcd: EtcdProcess?
    private let document: OpenAPIDocument
    private let application: Application

    /// Runs `body` with a server and a new temporary etcd.
    static func with(
        flags: [Setting: [String]] = [:], access: Access? = nil, logger: Logger = .silent,
        _ body: @Sendable (TestApplication) async throws -> Void
    ) async throws {
        try await withEtcd { etcd in
            try await with(
                flags: flags, access: access, etcdURL: etcd.clientURL, etcd, logger: logger
            ) { application in
                try await application.waitUntilReady()
                try await body(application)
            }
        }
    }

    /// Runs `body` with a server that uses the etcd at `etcdURL`, even if no etcd runs there. The ledger is in
    /// `directory`, so that a later server can open it.
    static func with(
        flags: [Setting: [String]] = [:], access: Access? = nil, etcdURL: String,
        _ etcd: EtcdProcess? = nil, directory: TemporaryDirectory? = nil,
        logger: Logger = .silent,
        _ body: @Sendable (TestApplication) async throws -> Void
    ) async throws {
        let directory = try directory ?? TemporaryDirectory()
        var flags = flags
        flags[.listen] = ["127.0.0.1:0"]
        flags[.etcd] = [etcdURL]
        flags[.dataDir] = [directory.path]
        let settings = try Settings(SettingValues(flags: flags, environment: [:]))
        let application = try Application(
            settings, access: access, signals: [], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await application.run() }
            let port = try await application.addresses[0].port
            let test = TestApplication(
                client: HTTPTestClient(port: port), etcd: etcd, document: try OpenAPIDocument(),
                application: application)
            do {
                try await body(test)
            } catch {
                Issue.record(error)
            }
            await test.client.close()
            await application.shutDown()
            try await tasks.waitForAll()
        }
    }

    /// Begins a graceful shutdown. `with` waits for its end.
    func shutDown() async { await application.shutDown() }

    /// Sends a request. Records an issue if openapi.yaml does not document the status or the problem type of the
    /// answer.
    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ target: String, _ body: String? = nil,
        type: String? = "application/json", _ headers: [(String, String)] = []
    ) async throws -> Answer {
        var fields = HTTPFields()
        if body != nil, let type { fields[.contentType] = type }
        for (name, value) in headers {
            fields.append(HTTPField(name: try #require(HTTPField.Name(name)), value: value))
        }
        let response = try await client.send(
            method, target, headers: fields, body: body.map { Array($0.utf8) })
        let path = String(target.prefix { $0 != "?" })
        if let operation = document.operation(method.rawValue, path) {
            #expect(
                operation.statuses.contains(response.status),
                "\(operation.name) does not document \(response.status)")
        }
        let answer = Answer(response: response)
        if answer["Content-Type"] == "application/problem+json", !response.body.isEmpty {
            let type = answer.json["type"]?.stringValue ?? ""
            #expect(document.problemTypes.contains(type), "\(type) is not documented")
        }
        return answer
    }

    @discardableResult
    func send(
        _ method: HTTPRequest.Method, _ target: String, _ headers: [(String, String)]
    ) async throws -> Answer {
        try await send(method, target, nil, headers)
    }

    func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await send(.get, "/readyz").status != 200 {
            try #require(ContinuousClock.now < deadline, "not ready")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

/// An answer with its body as a document.
struct Answer: Sendable {
    let response: HTTPTestResponse

    var status: Int { response.status }
    var text: String { response.text }

    /// The body as JSON; null if it is not JSON.
    var json: JSONValue { (try? JSONParser.parse(response.body)) ?? .null }

    var eTag: String? { self["ETag"] }

    /// The ids of the rules in the violations of a problem.
    var rules: [String] {
        (json["violations"]?.arrayValue ?? []).compactMap { $0["rule"]?.stringValue }
    }

    var items: [JSONValue] { json["items"]?.arrayValue ?? [] }
    var names: [String] { items.compactMap { $0["name"]?.stringValue } }

    /// The value of a header field.
    subscript(_ name: String) -> String? {
        HTTPField.Name(name).flatMap { response.headers[$0] }
    }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
