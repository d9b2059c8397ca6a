import Documents
package import HTTPTypes
import NIOHTTP1
import Synchronization

extension HTTPField.Name {
    // The literal is a token, so the fallback is never used.
    /// `X-Request-Id`
    package static let requestID = HTTPField.Name("X-Request-Id") ?? .from
}

/// Makes request ids that no other source makes: 64 random bits of this source, then a counter.
final class RequestIDSource: Sendable {
    private let prefix = UInt64.random(in: .min ... .max)
    private let counter = Atomic<UInt64>(0)

    /// 32 hexadecimal digits.
    func next() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        return Hex.text(prefix) + Hex.text(number)
    }
}

/// The client's own request id: 1–128 of `[A-Za-z0-9._-]`; nil when there is none or it is malformed.
func clientRequestID(_ headers: HTTPHeaders) -> String? {
    for name in ["X-Request-Id", "X-Openstack-Request-Id"] {
        if let value = headers.first(name: name), isWellFormedRequestID(value) { return value }
    }
    return nil
}

private func isWellFormedRequestID(_ text: String) -> Bool {
    (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
}
