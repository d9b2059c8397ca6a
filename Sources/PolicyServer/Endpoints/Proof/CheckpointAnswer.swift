import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import Store

/// A checkpoint as the API shows it: the signed note as it is, or its parts as a document.
enum CheckpointAnswer {
    static let types = DocumentFormat.answerTypes + ["text/plain"]

    /// - Parameters:
    ///   - key: the one in use; older notes may bear another.
    ///   - isAnchored: whether etcd holds it; nil when that is not the question.
    static func response(
        _ stored: StoredCheckpoint, key: VerifierKey, isAnchored: Bool? = nil,
        status: HTTPResponse.Status = .ok,
        for request: Request
    ) -> Response {
        guard DocumentFormat.answerTypes.contains(request.responseType) else {
            return Response(
                status: status, contentType: "text/plain; charset=utf-8",
                Array(stored.signed.text.utf8))
        }
        var document: JSONValue = [
            "origin": .string(stored.checkpoint.origin),
            "size": .number(JSONNumber(stored.checkpoint.size)),
            "root": .string(stored.checkpoint.root.base64),
            "time": .string(stored.time.rfc3339),
            "note": .string(stored.signed.text),
            "keys": .array(stored.signed.keyNames.map(JSONValue.string)),
            "verifierKey": .string(key.text),
        ]
        if let isAnchored, var object = document.objectValue {
            object["anchored"] = .bool(isAnchored)
            document = .object(object)
        }
        return .document(document, status: status, for: request)
    }
}

extension AuditHash {
    /// As notes and proofs write hashes.
    var base64: String { Data(bytes).base64EncodedString() }
}

extension SignedCheckpoint {
    /// `<name>+<key id>` of each signature.
    fileprivate var keyNames: [String] { note.signatures.map(\.keyName) }
}
