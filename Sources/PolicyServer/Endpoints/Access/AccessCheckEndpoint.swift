import ControlPlane
import Documents
import Domain
import HTTPCore
import HTTPTypes

/// The endpoint `POST /v1/access:check`. It tells the caller whether the caller has a right.
extension API {
    var accessCheckRoutes: [Route] {
        [
            Route(
                .post, Self.accessCheckPath, accepts: DocumentFormat.bodyTypes,
                produces: DocumentFormat.answerTypes, maxBodyBytes: 1 << 20,
                handler: checkAccess)
        ]
    }

    /// The path of the endpoint. The record of refused writes excludes this path, because the endpoint uses POST but
    /// changes nothing.
    static let accessCheckPath = "/v1/access:check"

    private func checkAccess(_ request: Request) async throws -> Response {
        let body = try await request.body.collect()
        let format = DocumentFormat(bodyType: request.contentType?.essence, body: body)
        let question: AccessQuestion
        do {
            question = try await largeBodies.perform(bytes: body.count) {
                () throws(DocumentError) in
                AccessQuestion(try format.parse(body))
            }
        } catch {
            throw Problem.unreadable(error)
        }
        guard let subject = question.subject else {
            let pointers = question.violations.map(\.pointer)
            let positions = await largeBodies.perform(bytes: body.count) {
                DocumentLocator.positions(of: pointers, in: body)
            }
            throw Problem.refused(Refusal(breaking: question.violations), at: positions)
        }
        return .document(AccessAnswer(subject, for: request.caller).document, for: request)
    }
}
