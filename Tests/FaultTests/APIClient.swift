import Foundation
import HTTPTypes
import TestSupport

/// The parts of the API that the tests use, over one connection.
struct APIClient: Sendable {
    let http: HTTPTestClient

    init(_ server: ServerProcess) { http = HTTPTestClient(port: server.port) }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, key: String? = nil,
        actor: String? = nil, fresh: Bool = false, headers others: [(String, String)] = []
    ) async throws -> HTTPTestResponse {
        var headers = HTTPFields()
        for (name, value) in others {
            guard let name = HTTPField.Name(name) else { throw FaultTestError("no name: \(name)") }
            headers.append(HTTPField(name: name, value: value))
        }
        if body != nil { headers[.contentType] = "application/json" }
        if let key { headers[.idempotencyKey] = key }
        if let actor { headers[.actor] = actor }
        return try await http.send(
            method, path, headers: headers, body: body.map { Array($0.utf8) }, fresh: fresh)
    }

    /// Sends a write and returns its answer. Throws if the server does not accept the write.
    @discardableResult
    func accepted(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, actor: String? = nil
    ) async throws -> HTTPTestResponse {
        let answer = try await send(method, path, body, actor: actor)
        guard (200..<300).contains(answer.status) else {
            throw FaultTestError("\(method) \(path): \(answer.status) \(answer.text)")
        }
        return answer
    }

    /// Returns the JSON object at `path`; nil for 404.
    func object(_ path: String) async throws -> [String: Any]? {
        let answer = try await send(.get, path)
        if answer.status == 404 { return nil }
        guard answer.status == 200 else {
            throw FaultTestError("GET \(path): \(answer.status) \(answer.text)")
        }
        return try answer.json()
    }

    /// Returns the status that `/v1/changes/{id}` shows; nil if the server does not know the change.
    func changeStatus(_ id: String) async throws -> String? {
        try await object("/v1/changes/\(id)")?["status"] as? String
    }

    /// Waits until the ledger and the reads of this server have `revision`.
    func waitUntilAudited(_ revision: Int, timeout: Duration = .seconds(20)) async throws {
        let deadline = ContinuousClock.now + timeout
        while true {
            let readiness = try await send(.get, "/readyz").json()
            if let audited = readiness["auditedRevision"] as? Int, audited >= revision { return }
            guard ContinuousClock.now < deadline else {
                throw FaultTestError("revision \(revision) is not audited: \(readiness)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}

extension HTTPField.Name {
    static let actor = declared("X-Actor")
    static let changeID = declared("X-Change-Id")
    static let idempotencyKey = declared("Idempotency-Key")
    static let retryAfter = declared("Retry-After")

    private static func declared(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("a legal field name") }
        return name
    }
}

extension HTTPTestResponse {
    func json() throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        else { throw FaultTestError("no JSON object: \(text)") }
        return object
    }

    /// The change id: the `X-Change-Id` of an answer, or the `changeId` of a problem.
    var changeID: String? {
        headers[.changeID] ?? (try? json())?["changeId"] as? String
    }
}
