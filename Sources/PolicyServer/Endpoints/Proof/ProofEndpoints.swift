import ControlPlane
import Documents
import Domain
import Foundation
import HTTPCore
import HTTPTypes
import Store

/// The endpoints `/v1/audit/checkpoint` and `/v1/audit/proof`.
extension API {
    var proofRoutes: [Route] {
        [
            Route(.get, "/v1/audit/checkpoint", produces: CheckpointAnswer.types) {
                try await checkpoint($0)
            },
            Route(.post, "/v1/audit/checkpoint", produces: CheckpointAnswer.types) {
                try await makeCheckpoint($0)
            },
            Route(
                .get, "/v1/audit/proof", query: ["seq", "size", "from", "to"],
                produces: DocumentFormat.answerTypes
            ) { try await proof($0) },
        ]
    }

    private func checkpoint(_ request: Request) async throws -> Response {
        try request.requireAllRegions(.readAudit, "A checkpoint covers")
        guard let newest = try await Self.reading({ try await checkpoints.newest() }) else {
            throw Problem.notFound("There is no checkpoint yet; POST here to make one.")
        }
        return CheckpointAnswer.response(newest, key: checkpoints.verifierKey, for: request)
    }

    private func makeCheckpoint(_ request: Request) async throws(Problem) -> Response {
        try request.requireAllRegions(.manageAudit, "A checkpoint covers")
        do {
            let (stored, isNew, isAnchored) = try await checkpoints.make()
            var response = CheckpointAnswer.response(
                stored, key: checkpoints.verifierKey, isAnchored: isAnchored,
                status: isNew ? .created : .ok, for: request)
            if !isAnchored {
                response.headers.append(
                    HTTPField(
                        name: .warning,
                        value:
                            "299 - \"checkpoint.not-anchored: the checkpoint is not in etcd yet\""))
            }
            return response
        } catch {
            throw .failed(error)
        }
    }

    private func proof(_ request: Request) async throws -> Response {
        let proof = try ProofRequest(request)
        let scope = request.auditScope
        if case .consistency = proof {
            try request.requireAllRegions(
                .readAudit, "The proof that the ledger has only grown covers")
        }
        let document = try await Self.reading {
            switch proof {
            case .inclusion(let seq, let size): try await inclusion(seq, size, within: scope)
            case .consistency(let from, let to): try await consistency(from, to)
            }
        }
        return .document(document, for: request)
    }

    private func inclusion(
        _ seq: Int64, _ size: Int64?, within scope: AuditScope
    ) async throws -> JSONValue {
        // A caller without rights to all regions gets no proof for a pruned row. The ledger no longer has the regions
        // of a pruned row, so the server cannot tell whether the caller may see the row.
        let isVisible =
            if scope.isEverything { seq <= ledger.lastSeq } else {
                try await ledger.record(seq: seq, within: scope) != nil
            }
        guard isVisible else { throw Problem.notFound("There is no row \(seq).") }
        let size = try await treeSize(size)
        guard seq <= size else {
            throw Problem.notFound(
                "Row \(seq) is not among the \(size) rows of the newest checkpoint; "
                    + "make a newer one with POST /v1/audit/checkpoint.")
        }
        let proof = try await ledger.inclusionProof(seq: seq, size: size)
        var object = JSONObject()
        object["ledger"] = .string(ledger.identity)
        object["seq"] = .number(JSONNumber(seq))
        object["size"] = .number(JSONNumber(size))
        object["leafHash"] = .string(proof.leaf.base64)
        object["hashes"] = .array(proof.hashes.map { .string($0.base64) })
        object["root"] = .string(proof.root.base64)
        object["checkpoint"] = try await note(size)
        return .object(object)
    }

    private func consistency(_ from: Int64, _ to: Int64?) async throws -> JSONValue {
        let to = try await treeSize(to)
        guard from <= to else {
            throw Problem.malformed(
                "The query parameter from must be at most \(to), the number of rows of the later tree."
            )
        }
        let proof = try await ledger.consistencyProof(from: from, to: to)
        var object = JSONObject()
        object["ledger"] = .string(ledger.identity)
        object["from"] = .number(JSONNumber(from))
        object["to"] = .number(JSONNumber(to))
        object["fromRoot"] = .string(proof.first.base64)
        object["hashes"] = .array(proof.hashes.map { .string($0.base64) })
        object["root"] = .string(proof.second.base64)
        object["checkpoint"] = try await note(to)
        return .object(object)
    }

    /// Returns `asked`, the requested number of rows. If `asked` is nil, returns the number of rows of the newest
    /// checkpoint.
    private func treeSize(_ asked: Int64?) async throws -> Int64 {
        if let asked {
            guard asked <= ledger.lastSeq else {
                throw Problem.notFound("The ledger has \(ledger.lastSeq) rows, not \(asked).")
            }
            return asked
        }
        guard let newest = try await checkpoints.newest() else {
            throw Problem.notFound(
                "There is no checkpoint yet; make one with POST /v1/audit/checkpoint.")
        }
        return newest.checkpoint.size
    }

    /// Returns the signed note for the tree over the first `size` rows; nil if no checkpoint of that size exists.
    private func note(_ size: Int64) async throws -> JSONValue? {
        try await ledger.checkpoint(size: size).map { .string($0.signed.text) }
    }

    private static func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
    }
}

/// The kind of proof that a request asks for.
private enum ProofRequest {
    case inclusion(seq: Int64, size: Int64?)
    case consistency(from: Int64, to: Int64?)

    init(_ request: Request) throws(Problem) {
        let seq = try Self.number("seq", request)
        let from = try Self.number("from", request)
        let (size, to) = (try Self.number("size", request), try Self.number("to", request))
        switch (seq, from) {
        case (let seq?, nil) where to == nil:
            guard size.map({ seq <= $0 }) ?? true else {
                throw .malformed("The query parameter size must be at least seq.")
            }
            self = .inclusion(seq: seq, size: size)
        case (nil, let from?) where size == nil:
            guard to.map({ from <= $0 }) ?? true else {
                throw .malformed("The query parameter to must be at least from.")
            }
            self = .consistency(from: from, to: to)
        default:
            throw .malformed(
                "The query parameters must be seq and optionally size, for the proof of a row, or from and "
                    + "optionally to, for the proof that the ledger has only grown.")
        }
    }

    private static func number(_ name: String, _ request: Request) throws(Problem) -> Int64? {
        guard let text = request.query(name) else { return nil }
        guard let number = Int64(decimal: text), number > 0 else {
            throw .malformed("The query parameter \(name) must be a number from 1, not '\(text)'.")
        }
        return number
    }
}

/// An answer with a checkpoint, either as the signed note or as a document with the parts of the checkpoint.
enum CheckpointAnswer {
    static let types = DocumentFormat.answerTypes + ["text/plain"]

    /// - Parameters:
    ///   - key: The current key. Older notes may be signed with another key.
    ///   - isAnchored: True if etcd holds the checkpoint. If nil, the answer does not contain the member `anchored`.
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
    /// The hash in base64, the encoding that notes and proofs use.
    var base64: String { Data(bytes).base64EncodedString() }
}

extension SignedCheckpoint {
    /// The name of the key of each signature, in the form `<name>+<key id>`.
    fileprivate var keyNames: [String] { note.signatures.map(\.keyName) }
}
