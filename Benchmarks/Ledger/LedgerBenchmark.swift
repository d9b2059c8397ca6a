import Domain
import Foundation
import Store

/// Measures a ledger twice: when it has a tenth of `rows`, and when it has all `rows`.
struct LedgerBenchmark {
    var rows = 1_000_000
    var queries = 500
    var directory = NSTemporaryDirectory()
    /// The directory for `--only-fill`, which creates a ledger of `rows` rows there and measures nothing; nil to
    /// measure.
    var filled: String?

    init(_ arguments: [String]) {
        var rest = arguments.dropFirst()
        while let flag = rest.popFirst(), let value = rest.popFirst() {
            switch flag {
            case "--rows": rows = Int(value) ?? rows
            case "--queries": queries = Int(value) ?? queries
            case "--dir": directory = value
            case "--only-fill": filled = value
            default: break
            }
        }
    }

    func run() async throws {
        if let filled {
            var ledger = try await SyntheticLedger(path: filled + "/audit.sqlite")
            try await ledger.grow(to: rows)
            try await ledger.indexTexts()
            return try await ledger.ledger.close()
        }
        let folder = "\(directory)/ledger-benchmark-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let small = rows / 10
        var ledger = try await SyntheticLedger(path: folder + "/large/audit.sqlite")
        try await ledger.grow(to: small)
        try await ledger.indexTexts()
        let before = try await SearchTimes.measure(ledger, queries: queries)
        try await ledger.grow(to: rows)
        let start = ContinuousClock.now
        try await ledger.indexTexts()
        let indexed = Double(rows - small) / start.duration(to: .now).milliseconds * 1_000
        let after = try await SearchTimes.measure(ledger, queries: queries)
        printSearches(small, before, after)
        try await printRates(full: ledger, in: folder)
        print("\nInto the index of texts, in the background: \(Int(indexed)) rows/s.")
        try await verify(folder + "/large/audit.sqlite")
        try await prune(ledger.ledger, into: folder + "/segments")
    }

    /// Measures how long writes wait while rows are moved to a segment. Prunes up to 100 times.
    private func prune(_ ledger: AuditLedger, into segments: String) async throws {
        var times: [Double] = []
        while times.count < 100,
            let pruned = try await ledger.prune(
                before: Timestamp(microseconds: .max), into: segments,
                now: Timestamp(microseconds: SyntheticLedger.time(rows)), version: "benchmark")
        {
            times.append(pruned.held.milliseconds)
        }
        let held = Times(times)
        print(
            "\(times.count) segments pruned, each in a transaction of \(held.text(50)) (p50), "
                + "\(held.text(99)) (p99)")
    }

    private func verify(_ path: String) async throws {
        let start = ContinuousClock.now
        let report = try await LedgerVerifier(path: path).verify()
        let seconds = start.duration(to: .now).milliseconds / 1_000
        let finding = report.findings.first.map { "\($0)" } ?? "in order"
        print("\(report.size) rows verified in \(String(format: "%.1f", seconds)) s: \(finding)")
    }

    private func printSearches(
        _ small: Int, _ before: [SearchTimes.Result], _ after: [SearchTimes.Result]
    ) {
        print(
            "| \(queries) searches | p50, \(small) rows | p99 | p50, \(rows) rows | p99 | p99 ratio |"
        )
        print("|---|---|---|---|---|---|")
        for (first, second) in zip(before, after) {
            print(
                "| \(first.name) | \(first.times.text(50)) | \(first.times.text(99)) | "
                    + "\(second.times.text(50)) | \(second.times.text(99)) | "
                    + ratio(second.times.percentile(99), first.times.percentile(99)) + " |")
        }
    }

    private func printRates(full: SyntheticLedger, in folder: String) async throws {
        var full = full
        print("\n| rows in a transaction | rows/s, empty ledger | rows/s, \(rows) rows | ratio |")
        print("|---|---|---|---|")
        for batch in AppendRates.batches {
            var empty = try await SyntheticLedger(path: "\(folder)/empty-\(batch)/audit.sqlite")
            let rates = try await AppendRates.measure(batch: batch, empty: &empty, full: &full)
            print(
                "| \(batch) | \(Int(rates.empty)) | \(Int(rates.full)) | "
                    + ratio(rates.full, rates.empty) + " |")
        }
    }

    private func ratio(_ one: Double, _ other: Double) -> String {
        String(format: "%.2f", one / max(other, .leastNonzeroMagnitude))
    }
}
