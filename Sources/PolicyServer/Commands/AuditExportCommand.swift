import ArgumentParser
import ControlPlane
import Foundation
import Store

/// Writes rows of a ledger as a segment; the server may run.
struct AuditExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write rows of a ledger as a segment, one JSON object a line.",
        discussion: "Every row comes with all its columns and its hash, so that the chain can be "
            + "recomputed. The server may be running.")

    @Option(help: ArgumentHelp("The ledger's file.", valueName: "file")) var db: String
    @Option(help: ArgumentHelp("Number of the first row (default: the first there is).")) var from:
        Int64?
    @Option(help: ArgumentHelp("Number of the last row (default: the last there is).")) var to:
        Int64?
    @Option(
        help: ArgumentHelp(
            "File to write, gzip when its name ends in .gz (default: standard output).",
            valueName: "file"))
    var out: String?

    func validate() throws {
        guard (from ?? 1) >= 1, (to ?? 1) >= 1 else {
            throw ValidationError("--from and --to are numbers of rows, from 1.")
        }
        guard let from, let to, to < from else { return }
        throw ValidationError("--to must not be less than --from.")
    }

    func run() async throws {
        try await StartFailure.reported {
            let header = try LedgerReader(path: db).export(
                from: from, to: to, path: out, now: SystemClock.now(), version: Version.number)
            guard let out else { return }
            let count = header.lastSeq - header.firstSeq + 1
            print("\(out): \(count) rows, \(header.firstSeq) to \(header.lastSeq)")
        }
    }
}
