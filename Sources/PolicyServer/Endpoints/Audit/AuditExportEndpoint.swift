import ControlPlane
import Domain
import HTTPCore
import HTTPTypes
import Store

/// The endpoint `/v1/audit/export`. It returns complete rows, with everything that the ledger hashes.
extension API {
    var auditExportRoutes: [Route] {
        [
            Route(
                .get, "/v1/audit/export", query: ["order", "from", "to", "after", "limit"],
                produces: ["application/x-ndjson", "text/plain"]
            ) { try await exportAudit($0) }
        ]
    }

    private func exportAudit(_ request: Request) async throws -> Response {
        // An export needs rights to all regions. It must contain every row, because each row contains the hash of the
        // previous row.
        try request.requireAllRegions(.readAudit, "An export contains")
        let order: SegmentHeader.Order = try request.oneOf("order") ?? .seq
        let misplaced = order == .seq ? ["after", "limit"] : ["from", "to"]
        for name in misplaced where request.query[name] != nil {
            throw Problem.malformed(
                "The query parameter \(name) has no meaning with order=\(order.rawValue).")
        }
        let reader = try reader(request)
        let response: Response
        do {
            response =
                switch order {
                case .seq: try await exportRows(request)
                case .revision: try await exportChanges(request)
                }
        } catch let error as StoreError where error.code == .badSegment {
            throw Problem.malformed(error.message)
        } catch let error as StoreError {
            throw Problem.ledger(error)
        }
        // Every page is recorded as a read, because a client can start at any page.
        recordRead(request, by: reader, response)
        return response
    }

    /// Returns the media type of the lines. `text/plain` is offered because browsers display no other type of lines.
    private static func lineType(_ request: Request) -> String {
        request.responseType == "text/plain"
            ? "text/plain; charset=utf-8" : "application/x-ndjson"
    }

    /// Returns an answer with a segment, in the format that `policy-server audit export` writes.
    private func exportRows(_ request: Request) async throws -> Response {
        let range = 1...Int(Int64.max)
        let header = try await ledger.segmentHeader(
            from: request.query("from", as: Int.self, in: range).map(Int64.init),
            to: request.query("to", as: Int.self, in: range).map(Int64.init),
            now: SystemClock.now(), version: Version.number)
        let ledger = ledger
        return Response(
            headers: [.contentType: Self.lineType(request)],
            body: .stream { writer in
                try await writer.write(header.line + [UInt8(ascii: "\n")])
                var seq = header.firstSeq - 1
                while seq < header.lastSeq {
                    let rows = try await ledger.segmentRows(after: seq, through: header.lastSeq)
                    // If rows are pruned during the export, the body ends early and the client sees an error.
                    guard rows.first?.seq == seq + 1, let last = rows.last?.seq else {
                        throw StoreError(
                            code: .badSegment,
                            message: "row \(seq + 1) was pruned during the export")
                    }
                    for lines in rows.lines { try await writer.write(lines) }
                    seq = last
                }
            })
    }

    /// Returns an answer with one page of rows, in the format that `policy-server audit compare` reads.
    private func exportChanges(_ request: Request) async throws -> Response {
        var position = HistoryPosition.start
        if let text = request.query("after") {
            guard let after = HistoryPosition(text) else {
                throw Problem.malformed(
                    "The query parameter after must be EPOCH.REVISION, such as 1.4711, not '\(text)'."
                )
            }
            position = after
        }
        let limit = try Self.limit(request)
        var header = try await ledger.segmentHeader(
            now: SystemClock.now(), version: Version.number)
        header.order = .revision
        let rows = try await ledger.changes(after: position, limit: limit)
        let head = header.line + [UInt8(ascii: "\n")]
        return Response(
            headers: [.contentType: Self.lineType(request)],
            body: .stream { writer in
                try await writer.write(head)
                for lines in rows.lines { try await writer.write(lines) }
            })
    }
}

extension [AuditRecord] {
    /// The rows as lines, joined into pieces of about 64 KiB, so that no single write is large.
    fileprivate var lines: [[UInt8]] {
        var pieces: [[UInt8]] = []
        var piece: [UInt8] = []
        for record in self {
            piece += SegmentRow.line(record)
            piece.append(UInt8(ascii: "\n"))
            guard piece.count >= 1 << 16 else { continue }
            pieces.append(piece)
            piece = []
        }
        return piece.isEmpty ? pieces : pieces + [piece]
    }
}
