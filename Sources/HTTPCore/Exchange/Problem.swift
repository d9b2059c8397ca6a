package import Documents
package import HTTPTypes

/// An error answer as RFC 9457 `application/problem+json`. Handlers throw a problem, and the server makes the answer
/// from it.
package struct Problem: Error, Sendable {
    /// The HTTP status, repeated in the member `status`.
    package var status: HTTPResponse.Status
    /// A URI reference that identifies the kind of problem. `about:blank` means that the status already says everything
    /// (RFC 9457 §4.2.1).
    package var type: String
    /// A short title, which is the same for every problem of this type. The default is the status's reason phrase.
    package var title: String
    /// An explanation of this occurrence for a person.
    package var detail: String?
    /// A URI reference that identifies this occurrence.
    package var instance: String?
    /// Extra response fields, such as `Allow` or `Retry-After`.
    package var headers: HTTPFields
    /// The extension members (RFC 9457 §3.2), in the order of output.
    package var extensions: [(name: String, value: JSONValue)]
    /// True if the handler has already written an audit row for this request (`Response.isAudited`).
    package var isAudited = false

    package init(
        status: HTTPResponse.Status, type: String = "about:blank", title: String? = nil,
        detail: String? = nil, instance: String? = nil, headers: HTTPFields = [:],
        extensions: [(name: String, value: JSONValue)] = []
    ) {
        self.status = status
        self.type = type
        self.title = title ?? status.reasonPhrase
        self.detail = detail
        self.instance = instance
        self.headers = headers
        self.extensions = extensions
    }

    /// The JSON object of RFC 9457 §3, without whitespace.
    package var json: [UInt8] {
        var object = JSONObject()
        object["type"] = .string(type)
        object["title"] = .string(title)
        object["status"] = .number(JSONNumber(Int64(status.code)))
        if let detail { object["detail"] = .string(detail) }
        if let instance { object["instance"] = .string(instance) }
        for member in extensions { object[member.name] = member.value }
        return JSONSerializer.bytes(.object(object))
    }

    /// Returns this problem with the path and the id of the request.
    package func identified(path: String, requestID: String) -> Problem {
        var problem = self
        if !path.isEmpty { problem.instance = instance ?? path }
        problem.extensions.append(("requestId", .string(requestID)))
        return problem
    }

    /// The answer that contains this problem.
    package var response: Response {
        var fields = headers
        fields[.contentType] = "application/problem+json"
        // The line break makes the shell prompt of a terminal start on a new line.
        var response = Response(
            status: status, headers: fields, body: .bytes(json + [UInt8(ascii: "\n")]))
        response.problemType = type
        response.problemDetail = detail
        response.isAudited = isAudited
        return response
    }
}
