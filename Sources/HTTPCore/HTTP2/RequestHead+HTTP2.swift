import HTTPTypes
import NIOHPACK

extension RequestHead {
    /// Checks the header of an HTTP/2 request (RFC 9113 §8.2, §8.3). NIO has already refused a header with a missing,
    /// repeated or unknown pseudo-header field, an upper-case name or a connection-specific field. Throws a problem if
    /// the header is invalid.
    ///
    /// - Parameter isComplete: True if no body follows.
    init(_ header: HPACKHeaders, isComplete: Bool, limits: HTTPServer.Limits) throws(Problem) {
        target = header.first(name: ":path") ?? header.first(name: ":authority") ?? ""
        guard target.utf8.count <= limits.targetBytes else {
            throw .targetTooLong(limit: limits.targetBytes)
        }
        guard let method = HTTPRequest.Method(rawValue: header.first(name: ":method") ?? "") else {
            throw .badRequest("The method is not a token.")
        }
        self.method = method
        version = HTTPVersion(major: 2, minor: 0)
        headers = try Self.fields(header, limits: limits)
        contentLength = try Self.contentLength(headers)
        // Treats a body without a length as chunked. The end of the stream marks the end of the body.
        isChunked = !isComplete && contentLength == nil
        expectsContinue = false
        keepAlive = true
        host = nil
        if method != .connect { try checkTarget(scheme: header.first(name: ":scheme") ?? "") }
        host = try Self.authority(
            header.first(name: ":authority"), hosts: header[canonicalForm: "host"])
        expectsContinue = try readExpectation()
    }

    /// Reads the regular fields. The parts of a divided field Cookie (RFC 9113 §8.2.3) stay separate fields.
    static func fields(
        _ header: HPACKHeaders, limits: HTTPServer.Limits
    ) throws(Problem) -> HTTPFields {
        var fields = HTTPFields()
        fields.reserveCapacity(header.count)
        var (bytes, count) = (0, 0)
        for (name, value, _) in header where name.utf8.first != UInt8(ascii: ":") {
            bytes += name.utf8.count + value.utf8.count + 4
            count += 1
            guard bytes <= limits.headerBytes, count <= limits.headerCount else {
                throw .headerTooLarge(limits)
            }
            guard let fieldName = HTTPField.Name(name), isValid(value) else {
                throw .badRequest("The header field '\(name)' is malformed.")
            }
            // `HTTPFields` joins the parts of the field Cookie when the field is read.
            fields.append(HTTPField(name: fieldName, value: value))
        }
        return fields
    }

    /// Returns false if `value` has a control character, or white space at the start or the end (RFC 9113 §8.2.1).
    private static func isValid(_ value: String) -> Bool {
        let (space, tab) = (UInt8(ascii: " "), UInt8(ascii: "\t"))
        let bytes = value.utf8
        guard let first = bytes.first, let last = bytes.last else { return true }
        guard first != space, first != tab, last != space, last != tab else { return false }
        return bytes.allSatisfy { ($0 >= space && $0 != 0x7F) || $0 == tab }
    }

    /// Checks the scheme and the form of the path (RFC 9113 §8.3.1).
    private func checkTarget(scheme: String) throws(Problem) {
        guard ["http", "https"].contains(scheme.lowercased()) else {
            throw .badRequest("The field :scheme must be https.")
        }
        guard target.hasPrefix("/") || target == "*",
            target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw .badRequest(
                "The field :path must be an absolute path without characters that must be encoded.")
        }
    }

    /// Reads the authority. The fields `:authority` and Host must not differ (RFC 9113 §8.3.1).
    private static func authority(
        _ text: String?, hosts: [String]
    ) throws(Problem) -> Authority {
        guard let named = text ?? hosts.first, hosts.count <= 1 else {
            throw .badRequest("An HTTP/2 request has one :authority field.")
        }
        guard let authority = Authority(named) else {
            throw .badRequest(
                "The field :authority must be a host name or an IP address, with or without a port."
            )
        }
        guard hosts.allSatisfy({ Authority($0) == authority }) else {
            throw .badRequest("The fields :authority and Host must not differ.")
        }
        return authority
    }
}
