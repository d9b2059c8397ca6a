import ControlPlane
import Crypto
import Documents
import HTTPCore
import HTTPTypes

/// What makes a repeated write the same write.
enum Idempotency {
    /// SHA-256 in hex over what the client asks for; the order of query parameters does not count.
    static func fingerprint(_ request: Request, body: [UInt8]) -> String {
        var hash = SHA256()
        let query = request.query.items.map { "\($0.name)=\($0.value)" }.sorted()
        for part in [request.method.rawValue, request.path] + query {
            hash.update(data: Array(part.utf8) + [0])
        }
        hash.update(data: [0])
        hash.update(data: body)
        return Hex.text(Array(hash.finalize()))
    }

    /// SHA-256 of a key in hex: how the ledger names it.
    static func hash(_ key: String) -> String {
        Hex.text(Array(SHA256.hash(data: Array(key.utf8))))
    }
}
