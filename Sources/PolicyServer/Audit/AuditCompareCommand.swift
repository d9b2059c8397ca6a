import ArgumentParser
import ControlPlane
import Domain
import Foundation
import Store

/// Compares two replicas' ledgers.
struct AuditCompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare what two replicas' ledgers say of the changes that etcd decided.",
        discussion: "Ends with 0 when they say the same, and with 1 at the first difference. Each "
            + "side is a ledger's file or the URL of a server, which may be running.")

    @Argument(help: ArgumentHelp("A file, or a URL such as http://127.0.0.1:8080.")) var first:
        String
    @Argument(help: ArgumentHelp("The other one.")) var second: String

    func run() async throws {
        try await StartFailure.reported {
            let comparison = try await LedgerComparison(Self.source(first), Self.source(second))
            print(comparison.gaps(first, second), terminator: "")
            let (rows, difference) = try await comparison.run()
            if let difference {
                print(difference.text(first, second))
                throw ExitCode(1)
            }
            print("the same \(rows) rows for \(comparison.commonText)")
        }
    }

    private static func source(_ text: String) throws -> any ChangeSource {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else {
            return FileSource(reader: try LedgerReader(path: text))
        }
        guard let source = RemoteLedger(text) else { throw StartFailure("\(text): not a URL") }
        return source
    }
}

/// A ledger's file as one side of a comparison.
private struct FileSource: ChangeSource {
    let reader: LedgerReader
    var name: String { reader.path }

    func header() async throws -> SegmentHeader {
        try reader.header(now: SystemClock.now(), version: Version.number)
    }

    func changes(after place: HistoryPlace) async throws -> [AuditRecord] {
        try reader.changes(after: place)
    }
}

extension LedgerComparison {
    /// The ranges that were compared, in words.
    fileprivate var commonText: String {
        guard !common.isEmpty else { return "no revisions: no range is known to both" }
        return "revisions " + common.map(\.text).joined(separator: ", ")
    }

    /// A line for each range that only one side knows; empty for none.
    fileprivate func gaps(_ first: String, _ second: String) -> String {
        (onlyLeft.map { "revisions \($0.text) are known to \(first) only\n" }
            + onlyRight.map { "revisions \($0.text) are known to \(second) only\n" }).joined()
    }
}

extension Coverage {
    /// Changes are known from the revision after the first on.
    fileprivate var text: String {
        "\(first + 1)..\(last)" + (epoch == 1 ? "" : " (epoch \(epoch))")
    }
}

extension LedgerComparison.Difference {
    fileprivate func text(_ first: String, _ second: String) -> String {
        """
        first difference: revision \(place.revision), key \(key), \(difference.name)
          \(first): \(difference.left ?? "nothing")
          \(second): \(difference.right ?? "nothing")
        """
    }
}
