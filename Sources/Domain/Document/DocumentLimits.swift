/// How much one document may ask of the reader; the size in bytes is limited where bodies are read.
package struct DocumentLimits: Hashable, Sendable {
    /// Arrays and objects inside each other; 64 is far more than any Calico resource nests.
    package var depth: Int
    /// Values in the whole document, aliases counted each time they are used.
    package var nodes: Int

    package static let `default` = DocumentLimits(depth: 64, nodes: 250_000)

    package init(depth: Int, nodes: Int) {
        self.depth = depth
        self.nodes = nodes
    }
}
