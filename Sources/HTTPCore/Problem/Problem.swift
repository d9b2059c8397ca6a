package import HTTPTypes

/// An error answer as RFC 9457 `application/problem+json`; thrown by handlers, rendered by the server.
package struct Problem: Error, Sendable {
    /// The HTTP status, repeated in the member `status`.
    package var status: HTTPResponse.Status
    /// URI reference that names the kind of problem; `about:blank` says no more than the status.
    package var type: String
    /// Short and the same for every problem of this type; by default the status's reason phrase.
    package var title: String
    /// What went wrong this time, for a human.
    package var detail: String?
    /// URI reference of this occurrence.
    package var instance: String?
    /// Extra response fields, such as `Allow` or `Retry-After`.
    package var headers: HTTPFields
    /// Extension members (RFC 9457 §3.2): `json` is a complete JSON value and goes out as it is.
    package var extensions: [(name: String, json: [UInt8])]
    /// See `Response.isOnRecord`.
    package var isOnRecord = false

    package init(
        status: HTTPResponse.Status, type: String = "about:blank", title: String? = nil,
        detail: String? = nil, instance: String? = nil, headers: HTTPFields = [:],
        extensions: [(name: String, json: [UInt8])] = []
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
        var text = JSONText(reserving: 128 + (detail?.utf8.count ?? 0))
        text.append(raw: "{\"type\":")
        text.append(string: type)
        text.append(raw: ",\"title\":")
        text.append(string: title)
        text.append(raw: ",\"status\":\(status.code)")
        if let detail {
            text.append(raw: ",\"detail\":")
            text.append(string: detail)
        }
        if let instance {
            text.append(raw: ",\"instance\":")
            text.append(string: instance)
        }
        for member in extensions {
            text.append(raw: ",")
            text.append(string: member.name)
            text.append(raw: ":")
            text.append(raw: member.json)
        }
        text.append(raw: "}")
        return text.bytes
    }

    /// The same problem, which says which request it is about.
    package func identified(path: String, requestID: String) -> Problem {
        var problem = self
        if !path.isEmpty { problem.instance = instance ?? path }
        var text = JSONText(reserving: requestID.utf8.count + 2)
        text.append(string: requestID)
        problem.extensions.append(("requestId", text.bytes))
        return problem
    }

    /// The answer that carries this problem.
    package var response: Response {
        var fields = headers
        fields[.contentType] = "application/problem+json"
        // With a line break behind it, for who reads it in a terminal.
        var response = Response(
            status: status, headers: fields, body: .bytes(json + [UInt8(ascii: "\n")]))
        response.problemType = type
        response.problemDetail = detail
        response.isOnRecord = isOnRecord
        return response
    }
}
