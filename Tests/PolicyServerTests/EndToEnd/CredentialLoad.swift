import Foundation
import HTTPTypes
import Synchronization
import TestSupport

/// Clients that read and write without a pause, all with the same credential, which a test changes meanwhile.
final class CredentialLoad: Sendable {
    private struct Book {
        var credential: HTTPFields
        var isStopped = false
        var answers = 0
        /// The answers that are no success, and the errors.
        var failures: [String] = []
    }

    private let port: Int
    private let book: Mutex<Book>

    init(port: Int, _ credential: HTTPFields) {
        self.port = port
        book = Mutex(Book(credential: credential))
    }

    var failures: [String] { book.withLock { $0.failures } }
    var answers: Int { book.withLock { $0.answers } }

    /// Gives the clients another credential for their next requests.
    func use(_ credential: HTTPFields) { book.withLock { $0.credential = credential } }

    /// Stops the clients after their current answers.
    func stop() { book.withLock { $0.isStopped = true } }

    /// Runs clients until `stop` is called. Half of the requests are writes, half of them on new connections.
    func run(clients: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<clients {
                group.addTask {
                    let http = HTTPTestClient(port: self.port)
                    var number = 0
                    while let credential = self.next() {
                        number += 1
                        await self.send(http, credential, client, number)
                    }
                    await http.close()
                }
            }
        }
    }

    private func next() -> HTTPFields? {
        book.withLock { $0.isStopped ? nil : $0.credential }
    }

    private func send(
        _ http: HTTPTestClient, _ credential: HTTPFields, _ client: Int, _ number: Int
    ) async {
        var headers = credential
        let isWrite = number.isMultiple(of: 2)
        if isWrite { headers[.contentType] = "application/json" }
        let path = isWrite ? "/v1/regions/c\(client)-\(number)" : "/v1/regions?limit=5"
        let failure: String?
        do {
            let answer = try await http.send(
                isWrite ? .put : .get, path, headers: headers,
                body: isWrite ? Array("{}".utf8) : nil, fresh: number.isMultiple(of: 4))
            failure = (200..<300).contains(answer.status) ? nil : "\(answer.status) \(answer.text)"
        } catch {
            failure = "\(error)"
        }
        book.withLock { book in
            book.answers += 1
            if let failure { book.failures.append("\(path): \(failure)") }
        }
    }

    /// Waits until the clients have got `count` more answers.
    func wait(for count: Int) async throws {
        let goal = answers + count
        try await eventually("\(count) more answers") { answers >= goal }
    }
}
