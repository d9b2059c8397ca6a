import Documents
import Domain
import HTTPCore
import HTTPTypes

/// The endpoint `/v1/whoami`. It shows the identity of the caller.
extension API {
    var identityRoutes: [Route] {
        [
            Route(immediate: .get, "/v1/whoami", produces: DocumentFormat.answerTypes) { request in
                var response = Response.document(request.caller.document, for: request)
                response.headers[.cacheControl] = "no-store"
                return response
            }
        ]
    }
}

extension Identity {
    /// The identity as the API shows it. Members without a value are left out.
    var document: JSONValue {
        var object = JSONObject()
        object["principal"] = .string(principal)
        object["method"] = .string(method.rawValue)
        object["grants"] = .array(grants.map(\.document))
        object["credential"] = credential.map(JSONValue.string)
        object["expires"] = expires.map { .string($0.rfc3339Seconds) }
        return .object(object)
    }
}
