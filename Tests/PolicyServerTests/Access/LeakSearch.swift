import HTTPTypes
import TestSupport
import Testing

/// Searches answers for texts that their reader must not see.
///
/// A test of another part of the API can use it in the same way: it fills two servers, one with objects of both regions
/// and one without those of the other region. Then it compares the answers to one reader.
struct LeakSearch {
    /// A request as the limited reader.
    struct Question: Sendable {
        var method = HTTPRequest.Method.get
        var target: String
        var headers: [(HTTPField.Name, String)] = []
        var body: String?

        init(_ target: String, accept: String? = nil) {
            self.target = target
            if let accept { headers = [(.accept, accept)] }
        }
    }

    /// The parts of names, addresses and ids that only invisible objects have. Case does not matter.
    let markers: [String]
    /// The credential of the reader, for the field Authorization.
    let credential: String

    /// Sends the question. All questions have the same request id, so that answers can be compared.
    func ask(_ question: Question, _ client: HTTPTestClient) async throws -> HTTPTestResponse {
        var fields: HTTPFields = [
            .authorization: credential, try #require(HTTPField.Name("X-Request-Id")): "question",
        ]
        for (name, value) in question.headers { fields[name] = value }
        return try await client.send(
            question.method, question.target, headers: fields,
            body: question.body.map { Array($0.utf8) })
    }

    /// Returns the markers that the answer contains, in its fields or its body. Markers that the question itself
    /// contains do not count.
    func leaks(in answer: HTTPTestResponse, to question: Question) -> [String] {
        let asked = (question.target + (question.body ?? "")).lowercased()
        let text = Self.text(answer).lowercased()
        return markers.map { $0.lowercased() }.filter { !asked.contains($0) && text.contains($0) }
    }

    /// Returns the whole answer as text, without the field Date.
    static func text(_ answer: HTTPTestResponse) -> String {
        let fields = answer.headers.filter { $0.name != .date }
            .map { "\($0.name): \($0.value)" }.sorted()
        return ["\(answer.status)"].joined() + "\n" + fields.joined(separator: "\n") + "\n\n"
            + answer.text
    }

    /// Asks every question, and records an issue for each answer that shows a marker.
    func check(_ questions: [Question], _ client: HTTPTestClient) async throws {
        for question in questions {
            let answer = try await ask(question, client)
            #expect(answer.status < 500, "\(question.target): \(answer.text)")
            let found = leaks(in: answer, to: question)
            #expect(found == [], "\(question.target) \(question.headers): \(Self.text(answer))")
        }
    }
}
