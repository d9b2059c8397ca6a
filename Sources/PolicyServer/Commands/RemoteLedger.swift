import Domain
import Foundation
import Store

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The ledger of a running server, read page by page through its API.
struct RemoteLedger: ChangeSource {
    let name: String
    private let base: URL
    private static let page = 1000

    /// Nil when `text` is no URL.
    init?(_ text: String) {
        guard let url = URL(string: text), url.host != nil else { return nil }
        name = text
        base = url
    }

    func header() async throws -> SegmentHeader { try await fetch(after: .start, limit: 1).header }

    func changes(after place: HistoryPlace) async throws -> [AuditRecord] {
        try await fetch(after: place, limit: Self.page).rows
    }

    private func fetch(
        after place: HistoryPlace, limit: Int
    ) async throws -> (header: SegmentHeader, rows: [AuditRecord]) {
        var items = [
            URLQueryItem(name: "order", value: SegmentHeader.Order.revision.rawValue),
            URLQueryItem(name: "limit", value: "\(limit)"),
        ]
        // An epoch from before that ledger's first has no name there: everything comes after it.
        if place.epoch >= 0 { items.append(URLQueryItem(name: "after", value: place.description)) }
        let url = base.appending(path: "v1/audit/export").appending(queryItems: items)
        let (body, response) = try await load(url)
        guard let response = response as? HTTPURLResponse, response.statusCode == 200 else {
            let text = String(decoding: body.prefix(500), as: UTF8.self)
            throw StartFailure("\(name) does not answer as a policy-server does: \(text)")
        }
        let lines = body.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        guard let header = lines.first.flatMap(SegmentHeader.init(line:)) else {
            throw StartFailure("\(name): the answer is not of an audit ledger")
        }
        return (header, try lines.dropFirst().map(row))
    }

    private func row(_ line: [UInt8]) throws -> AuditRecord {
        guard let record = SegmentRow.record(line) else {
            throw StartFailure("\(name): a row's hash is not that of its content")
        }
        return record
    }

    private func load(_ url: URL) async throws -> (Data, URLResponse) {
        var request = URLRequest(url: url)
        request.setValue("\(Version.name)/\(Version.number)", forHTTPHeaderField: "User-Agent")
        do {
            return try await URLSession.shared.data(for: request)
        } catch {
            throw StartFailure("\(name) cannot be reached: \(error.localizedDescription)")
        }
    }
}
