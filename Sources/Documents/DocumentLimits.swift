/// How much one document may ask of the reader; the size in bytes is limited where texts come from.
package struct DocumentLimits: Hashable, Sendable {
    /// Arrays and objects inside each other; 64 is far more than any Calico resource nests.
    package var depth: Int
    /// Values in the whole document, aliases counted each time they are used.
    package var nodes: Int
    /// Members of one object.
    package var members: Int
    /// Characters of one number.
    package var numberLength: Int

    /// For texts that are stored already: what etcd takes as one value, 1.5 MiB, stays below these in earnest.
    package static let `default` = DocumentLimits(depth: 64, nodes: 250_000)

    /// For bodies that clients send. Each bound is above what 1 MiB of a policy uses in earnest (70,000 networks;
    /// Kubernetes' 256 KiB of annotations in 4,096 of 64 bytes; the 767 digits that a double can have), and low
    /// enough that a text made to cost as much as possible is read in about a second.
    package static let body = DocumentLimits(
        depth: 64, nodes: 100_000, members: 4_096, numberLength: 1_024)

    package init(depth: Int, nodes: Int, members: Int = .max, numberLength: Int = .max) {
        self.depth = depth
        self.nodes = nodes
        self.members = members
        self.numberLength = numberLength
    }
}
