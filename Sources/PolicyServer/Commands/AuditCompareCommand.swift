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

    @Argument(help: ArgumentHelp("A file, or a URL such as http://127.0.0.1:8080.")) var first:
        String
    @Argument(help: ArgumentHelp("The other one.")) var second: String

    func run() async throws {
        let comparison: LedgerComparison
        let (rows, difference): (Int, LedgerComparison.Difference?)
        do {
            comparison = try await LedgerComparison(Self.source(first), Self.source(second))
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
        print("the same \(rows) rows for \(comparison.commonText)")
    }

    private static func printError(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    private static func source(_ text: String) throws -> any ChangeSource {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            guard !text.contains("://") else {
                throw StartFailure(
                    "\(text): the URL of a server must begin with http:// or https://")
            }
            return FileSource(reader: try LedgerReader(path: text))
        }
        guard let source = RemoteLedger(text) else { throw StartFailure("\(text): not a URL") }
        return source
    }
}

/// One side of a comparison, read from a ledger's file.
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
    /// A text that names the compared ranges.
    fileprivate var commonText: String {
        guard !common.isEmpty else { return "any revision, because the two have none in common" }
        return "revisions " + common.map(\.text).joined(separator: ", ")
    }

    /// Returns one line for each range that only one side knows.
    fileprivate func gaps(_ first: String, _ second: String) -> String {
        (onlyLeft.map { "revisions \($0.text) are known to \(first) only\n" }
            + onlyRight.map { "revisions \($0.text) are known to \(second) only\n" }).joined()
    }
}

extension Coverage {
    /// A text that names the range. The changes after `first` are known, so the text begins at `first + 1`.
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

/// The ledger of a running server, read through its API one page at a time.
struct RemoteLedger: ChangeSource {
    let name: String
    private let base: URL
    /// The number of rows on a page, which is the maximum of the API.
    private static let page = 1000

    /// Returns nil if `text` is not a URL with a host.
    init?(_ text: String) {
        guard let url = URL(string: text), url.host != nil else { return nil }
        name = text
        base = url
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
        // A negative epoch is before the first epoch and has no text form. Without `after` the server returns all rows.
        if position.epoch >= 0 {
            items.append(URLQueryItem(name: "after", value: position.description))
        }
        let url = base.appending(path: "v1/audit/export").appending(queryItems: items)
        let answer = try await load(url)
        guard answer.status == 200 else {
            let text = String(decoding: answer.body.prefix(500), as: UTF8.self)
            throw StartFailure("\(name) did not answer like a policy-server: \(text)")
        }
        let lines = answer.body.split(separator: UInt8(ascii: "\n")).map { Array($0) }
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

    /// URLSession would do, but it needs libcurl, also in a program that is linked statically.
    private func load(_ url: URL) async throws -> ProviderAnswer {
        let client = ProviderClient(authorities: nil, timeout: .seconds(120))
        let request = ProviderRequest(
            url: url.absoluteString,
            headers: [(name: "User-Agent", value: "\(Version.name)/\(Version.number)")],
            answerBytes: Int(Int32.max))
        do {
            let answer = try await client.send(request)
            await client.shutDown()
            return answer
        } catch {
            await client.shutDown()
            throw StartFailure("\(name) cannot be reached: \(error)")
        }
    }
}
