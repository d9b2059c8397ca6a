import Domain
import TestSupport
import Testing

import Store

/// Compares the tree with a literal implementation of the definitions in RFC 6962 section 2.1.
@Suite struct MerkleTreeTests {
    /// The eight leaves of Certificate Transparency's own test vectors.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        [
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ]

    /// The roots of the first 1 to 8 leaves (google/certificate-transparency, merkle_tree_test.cc).
    static let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    /// Returns a tree over leaf hashes. It reads whole subtrees, like the ledger's tree.
    static func tree(_ leaves: [AuditHash]) -> MerkleTree {
        MerkleTree { height, index in
            let start = Int(index) << height
            return RFC6962.root(Array(leaves[start..<start + 1 << height]))
        }
    }

    @Test func rootsEqualTheKnownOnes() throws {
        let hashes = Self.leaves.map(RFC6962.leaf)
        for (count, root) in zip(1..., Self.roots) {
            #expect(RFC6962.root(Array(hashes.prefix(count))).description == root)
            #expect(MerkleTree.root(of: Array(hashes.prefix(count))).description == root)
            #expect(try Self.tree(hashes).root(size: Int64(count)).description == root)
        }
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(try Self.tree([]).root(size: 0).description == nothing)
    }

    /// The proofs are from the same source, which counts leaves from 1. This code counts them from 0.
    @Test func proofsEqualTheKnownOnes() throws {
        let tree = Self.tree(Self.leaves.map(RFC6962.leaf))
        #expect(
            try tree.inclusionProof(index: 0, size: 8).map(\.description) == [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ])
        #expect(
            try tree.inclusionProof(index: 5, size: 8).map(\.description) == [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
        #expect(
            try tree.consistencyProof(from: 6, to: 8).map(\.description) == [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ])
        #expect(try tree.consistencyProof(from: 8, to: 8).isEmpty)
        #expect(try tree.inclusionProof(index: 0, size: 1).isEmpty)
    }

    @Test func everyProofOfASmallTreeVerifiesAndNoAlteredOneDoes() throws {
        let leaves = (0..<40).map { RFC6962.leaf([UInt8($0)]) }
        let tree = Self.tree(leaves)
        for size in 1...40 {
            let root = RFC6962.root(Array(leaves.prefix(size)))
            for index in 0..<size {
                let proof = try tree.inclusionProof(index: Int64(index), size: Int64(size))
                #expect(proof == RFC6962.path(index, Array(leaves.prefix(size))))
                func verifies(_ leaf: AuditHash, _ index: Int, _ proof: [AuditHash]) -> Bool {
                    RFC6962.root(leaf: leaf, index: index, size: size, path: proof) == root
                }
                #expect(verifies(leaves[index], index, proof))
                #expect(!verifies(.zero, index, proof))
                #expect(!verifies(leaves[index], index, proof + [.zero]))
                for place in proof.indices {
                    var altered = proof
                    altered[place] = .zero
                    #expect(!verifies(leaves[index], index, altered))
                    #expect(!verifies(leaves[index], index, Array(proof.dropLast())))
                }
            }
        }
    }

    @Test func everyConsistencyProofOfASmallTreeVerifiesAndNoAlteredOneDoes() throws {
        let leaves = (0..<40).map { RFC6962.leaf([UInt8($0)]) }
        let tree = Self.tree(leaves)
        let roots = (0...40).map { RFC6962.root(Array(leaves.prefix($0))) }
        for size in 1...40 {
            for first in 1...size {
                let proof = try tree.consistencyProof(from: Int64(first), to: Int64(size))
                func verifies(_ from: AuditHash, _ to: AuditHash, _ proof: [AuditHash]) -> Bool {
                    RFC6962.isConsistent(first, from, size, to, proof: proof)
                }
                #expect(verifies(roots[first], roots[size], proof))
                #expect(!verifies(.zero, roots[size], proof))
                #expect(!verifies(roots[first], .zero, proof))
                for place in proof.indices {
                    var altered = proof
                    altered[place] = .zero
                    #expect(!verifies(roots[first], roots[size], altered))
                }
            }
        }
    }
}
