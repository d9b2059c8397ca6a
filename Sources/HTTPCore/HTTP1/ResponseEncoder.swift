import HTTPTypes
package import NIOCore
import NIOHTTP1

/// Writes response headers (RFC 9112 §4, §5) and chunks (§7.1) into a buffer.
package enum ResponseEncoder {
    /// The method by which the client finds the end of the body.
    package enum Framing: Equatable {
        /// The answer has no body and no field about a body (1xx, 204, 304).
        case none
        case length(Int)
        case chunked
        /// The end of the connection marks the end of the body (HTTP/1.0).
        case untilClose
    }

    /// The values of the header fields that the server adds to the handler's fields.
    package struct Envelope {
        var framing: Framing
        var keepAlive: Bool
        /// The version of the client. Only HTTP/1.0 clients receive `Connection: keep-alive`.
        var version: HTTPVersion
        var requestID: String
        /// The date as IMF-fixdate (RFC 9110 §5.6.7).
        var date: String
        /// True if the answer depends on Accept. The server then sends `Vary: Accept` for caches (RFC 9110 §12.5.5).
        var isNegotiated = false

        package init(
            framing: Framing, keepAlive: Bool, version: HTTPVersion, requestID: String,
            date: String, isNegotiated: Bool = false
        ) {
            self.framing = framing
            self.keepAlive = keepAlive
            self.version = version
            self.requestID = requestID
            self.date = date
            self.isNegotiated = isNegotiated
        }
    }

    package static func writeHead(
        _ response: Response, _ envelope: Envelope, into buffer: inout ByteBuffer
    ) {
        let status = response.status
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        // Uses the registered phrase (RFC 9110 §15) for a status that was created from a code and therefore has no
        // phrase.
        let phrase = status.reasonPhrase
        buffer.writeString(
            phrase.isEmpty ? HTTPResponseStatus(statusCode: status.code).reasonPhrase : phrase)
        buffer.writeStaticString("\r\nDate: ")
        buffer.writeString(envelope.date)
        buffer.writeStaticString("\r\nX-Request-Id: ")
        buffer.writeString(envelope.requestID)
        for field in response.headers where !isReserved(field.name) {
            buffer.writeStaticString("\r\n")
            buffer.writeString(field.name.rawName)
            buffer.writeStaticString(": ")
            buffer.writeString(field.value)
        }
        if envelope.isNegotiated, response.headers[.vary] == nil {
            buffer.writeStaticString("\r\nVary: Accept")
        }
        switch envelope.framing {
        case .length(let length):
            buffer.writeStaticString("\r\nContent-Length: ")
            buffer.writeString(String(length))
        case .chunked:
            buffer.writeStaticString("\r\nTransfer-Encoding: chunked")
        case .none, .untilClose: break
        }
        if !envelope.keepAlive {
            buffer.writeStaticString("\r\nConnection: close")
        } else if envelope.version < .http11 {
            buffer.writeStaticString("\r\nConnection: keep-alive")
        }
        buffer.writeStaticString("\r\n\r\n")
    }

    /// Writes one chunk. `bytes` must not be empty, because an empty chunk marks the end of the body.
    static func writeChunk(_ bytes: inout ByteBuffer, into buffer: inout ByteBuffer) {
        buffer.writeString(String(bytes.readableBytes, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBuffer(&bytes)
        buffer.writeStaticString("\r\n")
    }

    static func writeLastChunk(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("0\r\n\r\n")
    }

    /// Returns the framing of the answer (RFC 9110 §6.4.1, RFC 9112 §6.1).
    package static func framing(
        of response: Response, version: HTTPVersion
    ) -> Framing {
        let code = response.status.code
        if code < 200 || code == 204 || code == 304 { return .none }
        switch response.body {
        case .empty: return .length(0)
        case .bytes(let bytes): return .length(bytes.count)
        case .stream(let length?, _): return .length(length)
        case .stream(nil, _): return version < .http11 ? .untilClose : .chunked
        }
    }

    static func isReserved(_ name: HTTPField.Name) -> Bool {
        switch name {
        case .connection, .contentLength, .transferEncoding, .date, .requestID: true
        default: false
        }
    }
}
