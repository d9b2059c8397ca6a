import CZlib
import HTTPTypes

/// The content coding gzip (RFC 9110 §8.4.1.3) of answers.
package enum ContentCoding {
    /// The size in bytes from which an answer is compressed. Smaller answers fit into one packet or two anyway.
    package static let minimumBytes = 1_024

    /// The end of the ETag of a compressed answer. A compressed answer is another representation, so it needs another
    /// strong ETag (RFC 9110 §8.8.3.3).
    package static let tagSuffix = "-gzip"

    /// Returns true if the value of `Accept-Encoding` allows gzip (RFC 9110 §12.5.3). An absent field does not ask for
    /// it. Ignores malformed elements.
    package static func acceptsGzip(_ value: String?) -> Bool {
        guard let value else { return false }
        var any = false
        for element in value.lowercased().split(separator: ",") {
            var parts = element.split(separator: ";").makeIterator()
            guard let coding = parts.next()?.trimmed() else { continue }
            var weight = 1_000
            while let parameter = parts.next()?.trimmed() {
                if parameter.hasPrefix("q=") { weight = thousandths(parameter.dropFirst(2)) ?? 0 }
            }
            if coding == "gzip" || coding == "x-gzip" { return weight > 0 }
            if coding == "*" { any = weight > 0 }
        }
        return any
    }

    /// Returns `bytes` in the format gzip (RFC 1952); nil if zlib has no memory.
    package static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // A window of 15 bits, and 16 for gzip. Level 4 takes half the time of the usual level 6 for a text that is a
        // tenth larger.
        let status = deflateInit2_(
            &stream, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var input = bytes
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        var isComplete = false
        let output = [UInt8](unsafeUninitializedCapacity: room) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(room)
                isComplete = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = isComplete ? Int(stream.total_out) : 0
            }
        }
        return isComplete ? output : nil
    }
}

extension Response {
    /// True if the body is compressed for a client that accepts gzip.
    package var isCompressible: Bool {
        guard case .bytes(let bytes) = body else { return false }
        if headers[.contentEncoding] != nil { return true }
        return bytes.count >= ContentCoding.minimumBytes && status.kind == .successful
    }

    /// Returns the answer with a compressed body, if the client accepts gzip and the body is large enough. Does not
    /// compress a streamed body.
    package func compressed(for request: Request) -> Response {
        guard isCompressible, case .bytes(let bytes) = body, headers[.contentEncoding] == nil,
            ContentCoding.acceptsGzip(request.headers[.acceptEncoding]),
            let packed = ContentCoding.gzip(bytes), packed.count < bytes.count
        else { return self }
        var response = self
        response.body = .bytes(packed)
        response.headers[.contentEncoding] = "gzip"
        if let tag = headers[.eTag], tag.hasSuffix("\"") {
            response.headers[.eTag] = tag.dropLast() + ContentCoding.tagSuffix + "\""
        }
        return response
    }
}
