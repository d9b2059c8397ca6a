import Domain
import Foundation
import Store

// What the audit ledger costs when it is small and when it is large: searches, and appending rows.
//
// usage: LedgerBenchmarks [--rows N] [--queries N] [--dir DIRECTORY]

/// The command line.
struct Options {
    var rows = 1_000_000
    var queries = 500
    var directory = NSTemporaryDirectory()

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let flag = rest.popFirst(), let value = rest.popFirst() {
            switch flag {
            case "--rows": rows = Int(value) ?? rows
            case "--queries": queries = Int(value) ?? queries
            case "--dir": directory = value
            default: break
            }
        }
    }
}

let options = Options(CommandLine.arguments)
let small = options.rows / 10
let folder = options.directory + "/ledger-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
defer { try? FileManager.default.removeItem(atPath: folder) }

let ledger = try await SyntheticLedger(path: folder + "/large/audit.sqlite")
try await ledger.grow(to: small)
try await ledger.indexTexts()
let before = try await SearchTimes.measure(ledger, queries: options.queries)
try await ledger.grow(to: options.rows)
try await ledger.indexTexts()
let after = try await SearchTimes.measure(ledger, queries: options.queries)

print(
    "\n| \(options.queries) searches | p50, \(small) rows | p99 | p50, \(options.rows) rows | p99 | p99 ratio |"
)
print("|---|---|---|---|---|---|")
for (name, first) in before {
    guard let second = after.first(where: { $0.name == name })?.times else { continue }
    print(
        "| \(name) | \(first.text(50)) | \(first.text(99)) | \(second.text(50)) | "
            + "\(second.text(99)) | \(ratio(second.percentile(99), first.percentile(99))) |")
}

let empty = try await SyntheticLedger(path: folder + "/empty/audit.sqlite")
let rates = try await AppendRates.measure(empty: empty, full: ledger)
print("\n| appended in batches of \(AppendRates.batch) | rows/s |\n|---|---|")
print("| an empty ledger | \(Int(rates.empty)) |")
print("| a ledger of \(options.rows) rows | \(Int(rates.full)) |")
print("| ratio | \(ratio(rates.full, rates.empty)) |")

func ratio(_ one: Double, _ other: Double) -> String {
    String(format: "%.2f", one / max(other, .leastNonzeroMagnitude))
}
