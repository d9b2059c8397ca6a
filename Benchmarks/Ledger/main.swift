// Measures searches and appends in a small and in a large audit ledger.
//
// usage: LedgerBenchmarks [--rows N] [--queries N] [--dir DIRECTORY] [--only-fill DIRECTORY]
try await LedgerBenchmark(CommandLine.arguments).run()
