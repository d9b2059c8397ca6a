import Domain
import TestSupport
import Testing

/// Compares the map and `CIDR` with a list of address ranges that is searched linearly.
struct CIDRMapModelTests {
    /// The small spaces: at the bottom, in the middle and at the top of each family.
    static let spaces = [
        "0.0.0.0/24", "10.0.0.0/23", "255.255.255.0/24", "::/120", "2001:db8::/119",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120",
    ]

    @Test(arguments: spaces, [1, 2, 3] as [UInt64])
    func agreesWithTheModel(space: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = ModelSpace(try CIDR(parsing: space))
        var trie = CIDRMap<Int>()
        for step in 0..<1_000 {
            let isFilling = (step / 250).isMultiple(of: 2)
            if model.entries.isEmpty || Int.random(in: 0..<10, using: &random) < (isFilling ? 7 : 3)
            {
                let cidr = model.randomBlock(using: &random)
                model.entries.append((cidr, step))
                trie.insert(cidr, step)
            } else {
                let index = Int.random(in: 0..<model.entries.count, using: &random)
                let (cidr, value) = model.entries.remove(at: index)
                #expect(trie.remove(cidr) { $0 == value } == value)
            }
            #expect(trie.count == model.entries.count)
            try compare(trie, model, model.randomBlock(using: &random), using: &random)
        }
    }

    private func compare(
        _ trie: CIDRMap<Int>, _ model: ModelSpace, _ probe: CIDR,
        using random: inout SeededGenerator
    ) throws {
        let around = model.values { $0.contains($1) }(probe)
        let inside = model.values { $1.contains($0) }(probe)
        let touching = model.values { $0.overlaps($1) }(probe)
        try #require(trie.containing(probe).map(\.value) == around)
        try #require(trie.within(probe).map(\.value) == inside)
        try #require(trie.within(probe, limit: 3).map(\.value) == Array(inside.prefix(3)))
        try #require(Set(trie.overlapping(probe).map(\.value)) == Set(touching))
        try #require((trie.firstOverlap(probe) != nil) == !touching.isEmpty)
        try #require(Set(trie.exact(probe)) == Set(around).intersection(inside))
        let length = Int.random(in: model.space.prefixLength...model.width, using: &random)
        let excluded = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
            model.randomBlock(using: &random)
        }
        try #require(
            trie.firstFreeBlock(prefixLength: length, in: probe, excluding: excluded)
                == model.firstFree(length, in: probe, excluding: excluded))
    }

    @Test(arguments: spaces)
    func cidrRulesAgreeWithTheModel(space: String) throws {
        var random = SeededGenerator(seed: 42)
        let model = ModelSpace(try CIDR(parsing: space))
        for _ in 0..<3_000 {
            let one = model.randomBlock(using: &random)
            let other = model.randomBlock(using: &random)
            let (ones, others) = (model.addresses(one), model.addresses(other))
            try #require(one.overlaps(other) == ones.overlaps(others))
            try #require(one.contains(other) == ones.contains(others))
            let address = IPAddress(family: one.family, bits: other.address)
            try #require(one.contains(address) == ones.contains(model.offset(other.address)))
            try #require(try CIDR(parsing: one.description) == one)
        }
    }
}

/// A few hundred addresses that are compared one by one.
struct ModelSpace {
    let space: CIDR
    let width: Int
    var entries: [(cidr: CIDR, value: Int)] = []

    init(_ space: CIDR) {
        self.space = space
        self.width = space.family.bitWidth
    }

    func offset(_ address: UInt128) -> Int { Int(address - space.address) }

    /// Returns the addresses of a block, counted from the start of the space.
    func addresses(_ cidr: CIDR) -> Range<Int> {
        let start = offset(cidr.address)
        return start..<(start + (1 << (width - cidr.prefixLength)))
    }

    func randomBlock(using random: inout SeededGenerator) -> CIDR {
        // Long prefixes are more frequent than short ones, because otherwise all blocks would overlap.
        let lengths = space.prefixLength...width
        let length = max(
            Int.random(in: lengths, using: &random), Int.random(in: lengths, using: &random))
        let host = UInt128.random(in: 0..<(1 << (width - space.prefixLength)), using: &random)
        let aligned = (host >> (width - length)) << (width - length)
        guard
            let cidr = CIDR(
                family: space.family, address: space.address + aligned, prefixLength: length)
        else { return space }
        return cidr
    }

    /// Returns a function that finds the values whose addresses are in `relation` to the addresses of a probe. Values
    /// are ordered by start, then larger blocks first, then by insertion.
    func values(_ relation: @escaping (Range<Int>, Range<Int>) -> Bool) -> (CIDR) -> [Int] {
        { probe in
            entries.filter { relation(addresses($0.cidr), addresses(probe)) }
                .sorted {
                    ($0.cidr.address, $0.cidr.prefixLength, $0.value)
                        < ($1.cidr.address, $1.cidr.prefixLength, $1.value)
                }
                .map(\.value)
        }
    }

    func firstFree(_ length: Int, in block: CIDR, excluding excluded: [CIDR]) -> CIDR? {
        guard length >= block.prefixLength else { return nil }
        var isUsed = [Bool](repeating: false, count: 1 << (width - space.prefixLength))
        for cidr in entries.map(\.cidr) + excluded {
            for address in addresses(cidr) { isUsed[address] = true }
        }
        let size = 1 << (width - length)
        let free = addresses(block).first { start in
            start.isMultiple(of: size) && !isUsed[start..<(start + size)].contains(true)
        }
        return free.flatMap {
            CIDR(family: space.family, address: space.address + UInt128($0), prefixLength: length)
        }
    }
}
