// What Benchmarks/run compares the server with: the plainest programs for the same work.
//
// usage: BenchmarkPeers answer PORT HEAD BODY     an HTTP/1.1 server that answers every request with these files
//        BenchmarkPeers range ETCD PREFIX         reads a prefix in pages, and prints the keys and the milliseconds

let arguments = Array(CommandLine.arguments.dropFirst())
switch (arguments.first, arguments.count) {
case ("answer", 4):
    guard let port = Int(arguments[1]) else { fatalError("not a port: \(arguments[1])") }
    try await ConstantAnswer(head: arguments[2], body: arguments[3]).serve(port: port)
case ("range", 3):
    try await PagedRange(endpoint: arguments[1], prefix: arguments[2]).run()
default:
    print("usage: BenchmarkPeers answer PORT HEAD BODY | range ETCD PREFIX")
}
