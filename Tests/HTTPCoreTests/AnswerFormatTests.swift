import Documents
import HTTPCore
import HTTPTypes
import NIOCore
import Testing

@Suite struct AnswerFormatTests {
    /// RFC 9457 §3
    @Test func `a problem is a JSON object with its extensions`() {
        let problem = Problem(
            status: .conflict, type: "urn:x", detail: "a \"b\" \\ \n\t\u{1} é", instance: "/c/1",
            extensions: [("with", [1])])
        #expect(
            String(decoding: problem.json, as: UTF8.self)
                == #"{"type":"urn:x","title":"Conflict","status":409,"#
                + #""detail":"a \"b\" \\ \n\t\u0001 é","instance":"/c/1","with":[1]}"#)
        #expect(problem.response.headers[.contentType] == "application/problem+json")
        guard case .bytes(let body) = problem.response.body else {
            Issue.record("the answer has no body")
            return
        }
        #expect(body == problem.json + Array("\n".utf8), "a line of its own in a terminal")
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded", true), ("Multipart/Form-Data; boundary=x", true),
        ("text/plain", false),
    ])
    func `a form is told how curl sends a file`(type: String, isForm: Bool) {
        let detail = Problem.unsupportedMediaType(type, accepted: ["application/json"]).detail
        #expect(detail?.contains("-T FILE or --data-binary @FILE") == isForm)
    }

    @Test(arguments: [
        (HTTPRequest.Method.put, "OPTIONS, POST", true), (.put, "GET", false),
        (.delete, "POST", false),
    ])
    func `a PUT instead of a POST is told what curl -T sends`(
        method: HTTPRequest.Method, allow: String, isTold: Bool
    ) {
        let detail = Problem.methodNotAllowed(method, allow: allow).detail
        #expect(detail?.contains("curl -T sends PUT") == isTold)
    }

    /// RFC 9110 §5.6.7
    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ])
    func `dates are IMF-fixdate`(second: Int, text: String) {
        #expect(ServerDate.format(second: second) == text)
    }

    /// RFC 9110 §6.4.1, §8.6; RFC 9112 §6.1
    @Test(arguments: [
        (Response(), HTTPVersion.http11, ResponseEncoder.Framing.length(0)),
        (Response(body: .bytes([1, 2])), .http11, .length(2)),
        (Response(status: .noContent, body: .bytes([1])), .http11, .none),
        (Response(status: .notModified), .http11, .none),
        (Response(body: .stream { _ in }), .http11, .chunked),
        (Response(body: .stream { _ in }), .http10, .untilClose),
        (Response(body: .stream(length: 7) { _ in }), .http10, .length(7)),
    ])
    func `the framing fits the answer`(
        response: Response, version: HTTPVersion, framing: ResponseEncoder.Framing
    ) {
        #expect(ResponseEncoder.framing(of: response, version: version) == framing)
    }

    @Test func `a handler cannot break the framing or split the header`() {
        var buffer = ByteBuffer()
        var fields = HTTPFields()
        fields[.contentLength] = "99"
        fields[.transferEncoding] = "chunked"
        fields[.connection] = "upgrade"
        fields[.location] = "/a\r\nX-Evil: 1"
        ResponseEncoder.writeHead(
            Response(status: .ok, headers: fields),
            .init(
                framing: .length(0), keepAlive: true, version: .http11, requestID: "r", date: "d"),
            into: &buffer)
        let text = String(buffer: buffer)
        #expect(!text.contains("99") && !text.contains("chunked") && !text.contains("upgrade"))
        #expect(!text.contains("\r\nX-Evil"))
    }

    @Test func `request ids differ`() {
        let source = RequestIDSource()
        let ids = Set((0..<1000).map { _ in source.next() })
        #expect(ids.count == 1000)
        #expect(ids.allSatisfy { $0.utf8.count == 32 })
        #expect(RequestIDSource().next().prefix(16) != source.next().prefix(16))
    }
}
