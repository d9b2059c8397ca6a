import ArgumentParser
import ControlPlane
import Domain
import Foundation
import Store

/// Compares the ledgers of two replicas.
struct AuditCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare the changes of etcd in the ledgers of two replicas.",
        discussion: """
            Each side is a ledger's file, whose server may be running, or the URL of a server. Revisions that \
            only one side knows are named on standard error. They are not a difference: the other ledger has a \
            gap there.

            Exit status: 0 if all rows that both should have are the same, 1 at the first difference, 2 if a \
            side cannot be read or asked, 3 if there was nothing to compare, because the ledgers follow \
            different etcds or have no revision in common.
            """)

    @Argument(
        help: ArgumentHelp("The first ledger: a file, or a URL such as http://127.0.0.1:8080."))
    var first: String
    @Argument(help: "The second ledger: a file or a URL.") var second: String
    @Option(
        help: ArgumentHelp(
            "File with a bearer token for the servers. Its principal must be allowed to read all rows. Mode 0600.",
            valueName: "file"))
    var tokenFile: String?

    func run() async throws {
        // A page has up to 1,000 rows with their documents, so an answer may take a while.
        let client = ProviderClient(authorities: nil, timeout: .seconds(120))
        do {
            try await compare(client)
        } catch {
            await client.shutDown()
            throw error
        }
        await client.shutDown()
    }

    private func compare(_ client: ProviderClient) async throws {
        let comparison: LedgerComparison
        let (rows, difference): (Int, LedgerComparison.Difference?)
        do {
            let token = try tokenFile.map(Self.token)
            comparison = try await LedgerComparison(
                Self.source(first, client, token), Self.source(second, client, token))
            (rows, difference) = try await comparison.run()
        } catch let error as StoreError where error.code == .clusterMismatch {
            print("nothing to compare: \(error)")
            throw ExitCode(3)
        } catch {
            Self.printError("\(Version.name): cannot compare: \(error)\n")
            throw ExitCode(2)
        }
        Self.printError(comparison.gaps(first, second))
        if let difference {
            print(difference.text(first, second))
            throw ExitCode(1)
        }
        guard rows > 0 else {
            print("nothing to compare: no rows for \(comparison.commonText)")
            throw ExitCode(3)
        }
        print("both sides have the same \(rows) rows for \(comparison.commonText)")
    }

    private static func printError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    /// Returns the token in the file. The message of an error never shows it.
    private static func token(_ path: String) throws -> String {
        let bytes = try PrivateFile.read(path, subject: "the token's file")
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 1, let token = words.first.map(String.init),
            token.isVisibleASCII(1...16_384)
        else { throw StartFailure("\(path) must have one token and nothing else") }
        return token
    }

    private static func source(
        _ text: String, _ client: ProviderClient, _ token: String?
    ) throws -> any ChangeSource {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            guard !text.contains("://") else {
                throw StartFailure(
                    "\(text): the URL of a server must begin with http:// or https://")
            }
            return FileSource(reader: try LedgerReader(path: text))
        }
        guard let source = RemoteLedger(text, client, token: token) else {
            throw StartFailure("\(text): not a URL")
        }
        guard token == nil || ProviderURL(text) != nil else {
            throw StartFailure(
                "\(text): a token is sent only to https:// URLs without user, query and fragment, and to "
                    + "loopback addresses")
        }
        return source
    }
}

/// One side of a comparison: the ledger in a file.
private struct FileSource: ChangeSource {
    let reader: LedgerReader
    var name: String { reader.path }

    func header() async throws -> SegmentHeader {
        try reader.header(now: SystemClock.now(), version: Version.number)
    }

    func changes(after position: HistoryPosition) async throws -> [AuditRecord] {
        try reader.changes(after: position)
    }
}

extension LedgerComparison {
    /// The compared ranges of revisions, as text.
    fileprivate var commonText: String {
        guard !common.isEmpty else {
            return "any revision, because the two sides have no revision in common"
        }
        return "revisions " + common.map(\.text).joined(separator: ", ")
    }

    /// Returns one line of text for each range of revisions that only one side knows.
    fileprivate func gaps(_ first: String, _ second: String) -> String {
        (onlyLeft.map { "revisions \($0.text) are known to \(first) only\n" }
            + onlyRight.map { "revisions \($0.text) are known to \(second) only\n" }).joined()
    }
}

extension Coverage {
    /// The range as text. It begins with `first + 1`: for `first`, the ledger knows the state but not the change that
    /// led to it.
    fileprivate var text: String {
        "\(first + 1)..\(last)" + (epoch == 1 ? "" : " (epoch \(epoch))")
    }
}

extension LedgerComparison.Difference {
    fileprivate func text(_ first: String, _ second: String) -> String {
        """
        first difference: revision \(position.revision), key \(key), \(difference.name)
          \(first): \(difference.left ?? "nothing")
          \(second): \(difference.right ?? "nothing")
        """
    }
}

/// One side of a comparison: the ledger of a running server. It is read through the API, one page at a time.
struct RemoteLedger: ChangeSource {
    let name: String
    private let base: URL
    private let client: ProviderClient
    private let token: String?
    /// The number of rows on a page, which is the maximum of the API.
    private static let page = 1000

    /// Returns nil if `text` is not a URL with a host.
    ///
    /// - Parameter token: The bearer token for the server; nil for a server that trusts its clients.
    init?(_ text: String, _ client: ProviderClient, token: String?) {
        guard let url = URL(string: text), url.host != nil else { return nil }
        name = text
        base = url
        self.client = client
        self.token = token
    }

    func header() async throws -> SegmentHeader { try await fetch(after: .start, limit: 1).header }

    func changes(after position: HistoryPosition) async throws -> [AuditRecord] {
        try await fetch(after: position, limit: Self.page).rows
    }

    private func fetch(
        after position: HistoryPosition, limit: Int
    ) async throws -> (header: SegmentHeader, rows: [AuditRecord]) {
        var items = [
            URLQueryItem(name: "order", value: SegmentHeader.Order.revision.rawValue),
            URLQueryItem(name: "limit", value: "\(limit)"),
        ]
        // `after` is left out for the start position, which has a negative epoch and no text form. The server then
        // returns all rows.
        if position.epoch >= 0 {
            items.append(URLQueryItem(name: "after", value: position.description))
        }
        let url = base.appending(path: "v1/audit/export").appending(queryItems: items)
        let answer = try await load(url)
        let body = answer.body
        guard answer.status == 200 else {
            guard answer.status != 401 || token != nil else {
                throw StartFailure(
                    "\(name) asks for a credential: --token-file must name a file with a bearer token"
                )
            }
            let text = String(decoding: body.prefix(500), as: UTF8.self)
            throw StartFailure("\(name) did not answer like a policy-server: \(text)")
        }
        let lines = body.split(separator: UInt8(ascii: "\n")).map { Array($0) }
        guard let header = lines.first.flatMap(SegmentHeader.init(line:)) else {
            throw StartFailure("\(name): the answer is not an export of an audit ledger")
        }
        return (header, try lines.dropFirst().map(row))
    }

    private func row(_ line: [UInt8]) throws -> AuditRecord {
        guard let record = SegmentRow.record(line) else {
            throw StartFailure("\(name): a row's hash does not match its content")
        }
        return record
    }

    private func load(_ url: URL) async throws -> ProviderAnswer {
        var request = ProviderRequest(url: url.absoluteString, answerBytes: Self.answerBytes)
        request.headers = [("User-Agent", "\(Version.name)/\(Version.number)")]
        if let token { request.headers.append(("Authorization", "Bearer \(token)")) }
        do {
            return try await client.send(request)
        } catch {
            throw StartFailure("\(name) cannot be reached: \(error)")
        }
    }

    /// The maximum size of a page. A row can have two documents of a megabyte each.
    private static let answerBytes = 1 << 31
}
