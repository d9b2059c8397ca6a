import Domain
import Testing

struct CIDRMapTests {
    private func cidr(_ text: String) throws -> CIDR { try CIDR(parsing: text) }

    private func trie(_ texts: [String]) throws -> CIDRMap<String> {
        var trie = CIDRMap<String>()
        for text in texts { trie.insert(try cidr(text), text) }
        return trie
    }

    @Test func answersInOrderAcrossBothFamilies() throws {
        let trie = try trie([
            "2001:db8::/32", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "10.1.2.0/24",
        ])
        var all: [String] = []
        trie.forEach {
            all.append($0.value)
            return true
        }
        #expect(all == ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "2001:db8::/32"])
        #expect(trie.containing(try cidr("10.1.0.0/16")).map(\.value) == Array(all[..<3]))
        #expect(trie.within(try cidr("10.1.0.0/16")).map(\.value) == Array(all[2..<4]))
        #expect(trie.overlapping(try cidr("10.1.0.0/16")).map(\.value) == Array(all[..<4]))
        #expect(
            trie.overlapping(try cidr("10.1.0.0/16"), limit: 2).map(\.value) == Array(all[..<2]))
        #expect(trie.firstOverlap(try cidr("10.0.0.0/7"))?.value == "0.0.0.0/0")
        #expect(trie.containing(try #require(IPAddress(parsing: "2001:db8::1"))).count == 1)
    }

    @Test func ignoresTheObjectBeingChangedWhenLookingForOverlaps() throws {
        let trie = try trie(["10.1.0.0/16", "10.2.0.0/16"])
        let grown = try cidr("10.0.0.0/15")
        #expect(trie.firstOverlap(grown) { $0.value != "10.1.0.0/16" } == nil)
    }

    @Test func keepsSeveralValuesOfOneNetwork() throws {
        let block = try cidr("10.0.0.0/24")
        var trie = CIDRMap<String>()
        for value in ["a", "b", "c"] { trie.insert(block, value) }
        #expect(trie.exact(block) == ["a", "b", "c"])
        #expect(trie.remove(block) { $0 == "b" } == "b")
        #expect(trie.remove(block) { $0 == "b" } == nil)
        #expect(trie.exact(block) == ["a", "c"])
        trie.remove(block) { _ in true }
        trie.remove(block) { _ in true }
        #expect(trie.isEmpty)
        #expect(trie.overlapping(block).isEmpty)
    }

    @Test func aCopyDoesNotSeeLaterChanges() throws {
        let original = try trie(["10.0.0.0/24"])
        var copy = original
        copy.insert(try cidr("10.0.1.0/24"), "new")
        copy.remove(try cidr("10.0.0.0/24")) { _ in true }
        #expect(original.count == 1)
        #expect(original.exact(try cidr("10.0.0.0/24")) == ["10.0.0.0/24"])
    }

    /// The blocks in use, the length, the block to search, the excluded blocks, and the expected answer.
    @Test(
        arguments: [
            ([], 24, "10.0.0.0/8", [], "10.0.0.0/24"),
            (["10.0.0.0/24"], 24, "10.0.0.0/8", [], "10.0.1.0/24"),
            (["10.0.0.0/24"], 23, "10.0.0.0/8", [], "10.0.2.0/23"),
            (["10.0.0.0/25", "10.0.1.0/24"], 25, "10.0.0.0/23", [], "10.0.0.128/25"),
            (["10.0.0.0/8"], 24, "10.1.0.0/16", [], nil),
            (["10.0.0.0/16"], 16, "10.0.0.0/16", [], nil),
            (["10.0.0.7/32"], 16, "10.0.0.0/16", [], nil),
            ([], 8, "10.0.0.0/16", [], nil),
            ([], 33, "10.0.0.0/8", [], nil),
            ([], 24, "10.0.0.0/16", ["10.0.0.0/23", "10.0.2.128/25"], "10.0.3.0/24"),
            ([], 24, "10.0.0.0/24", ["10.0.0.0/8"], nil),
            ([], 24, "255.255.254.0/23", ["255.255.254.0/23"], nil),
            (["255.255.254.0/24"], 24, "255.255.254.0/23", [], "255.255.255.0/24"),
            (["2001:db8::/64"], 64, "2001:db8::/32", [], "2001:db8:0:1::/64"),
            (["::/1"], 1, "::/0", [], "8000::/1"), (["::/0"], 128, "::/0", [], nil),
            (["::/1", "8000::/1"], 128, "::/0", [], nil),
        ] as [([String], Int, String, [String], String?)])
    func findsTheFirstFreeBlock(
        used: [String], length: Int, block: String, excluded: [String], expected: String?
    ) throws {
        let found = try trie(used).firstFreeBlock(
            prefixLength: length, in: try cidr(block), excluding: excluded.map(cidr))
        #expect(found?.description == expected)
    }
}
