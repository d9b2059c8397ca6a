// What the audit ledger costs when it is small and when it is large: searches, and appending rows.
//
// usage: LedgerBenchmarks [--rows N] [--queries N] [--dir DIRECTORY] [--only-fill DIRECTORY]
try await LedgerBenchmark(CommandLine.arguments).run()
