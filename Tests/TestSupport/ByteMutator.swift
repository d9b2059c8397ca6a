/// Makes broken inputs for tests: takes an element of a corpus, and changes the element in a few places.
package struct ByteMutator {
    /// The last result, for the report of a failure.
    package private(set) var last: [UInt8] = []
    private var random: SeededGenerator

    private static let spice =
        Array("{}[]\":,0123456789eE+-.tfn \n\t'&*!|><#@%`?~()=\\/\u{0}é\u{FEFF}".utf8) + [
            0xFF, 0xC0, 0xED,
        ]
    private static let pieces = [
        "null", "1e999", "18446744073709551616", "\\ud800", "\\u0000", "- ", "<<: *a", "&a ",
        "!!str ",
        "\"Ingress\"", "has(", "&&", "||", "not in {", "::/0", "/33", "[[[[[[[[", "{\"a\":", "0x10",
        "y",
    ].map { Array($0.utf8) }

    package init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Returns an element of `corpus` with up to seven random changes. About one result in eight is unchanged.
    package mutating func broken(_ corpus: [[UInt8]]) -> [UInt8] {
        var bytes = corpus.randomElement(using: &random) ?? []
        for _ in 0..<Int.random(in: 0...7, using: &random) {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...24, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.removeSubrange(start..<end)
            case 1:
                bytes.insert(contentsOf: Self.pieces.randomElement(using: &random) ?? [], at: start)
            case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
            case 3: bytes.removeSubrange(start...)
            case 4 where start < bytes.count:
                bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 5:
                let other = corpus.randomElement(using: &random) ?? []
                let from = Int.random(in: 0...other.count, using: &random)
                bytes.insert(contentsOf: other[from..<min(other.count, from + 40)], at: start)
            default: bytes.insert(Self.spice.randomElement(using: &random) ?? 0, at: start)
            }
        }
        last = bytes
        return bytes
    }

    /// Returns a number from 0 to `limit - 1`.
    package mutating func number(below limit: UInt64) -> UInt64 { random.next(upperBound: limit) }
}
