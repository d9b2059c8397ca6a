/// A Calico selector: an expression over labels that picks endpoints, network sets or namespaces.
///
/// Grammar and meaning are those of Calico's `libcalico-go/lib/selector`: strings without escapes,
/// spaces and tabs between tokens, `&&` binds tighter than `||`, labels of at most 512 characters.
package struct Selector: Hashable, Sendable {
    /// The parsed expression.
    package let root: SelectorNode

    /// Calico's own limit on the characters of a label name in a selector.
    package static let maxLabelLength = 512

    /// This server's limit on nested parentheses. Calico has none, but its policies hold selectors of
    /// at most 1,024 characters, in which 509 is the most that can be closed again.
    package static let maxNesting = 1_000

    /// Parses `text`; the empty text is `all()`.
    package init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(text)
        root = try parser.parse()
    }

    package init(_ root: SelectorNode) { self.root = root }

    /// The text that Calico's `Selector.String()` gives.
    package var canonical: String {
        var text = ""
        root.appendCanonical(to: &text)
        return text
    }

    /// Whether `labels` satisfy the selector; an absent label satisfies `!=` and `not in`.
    package func matches(_ labels: some LabelSource) -> Bool { root.matches(labels) }

    /// Whether this is `all()`, written so or left empty.
    package var isAll: Bool { root == .all }

    /// Every comparison in the selector, in the order written.
    package var comparisons: [SelectorComparison] {
        var found: [SelectorComparison] = []
        root.visit { if case .comparison(let comparison) = $0 { found.append(comparison) } }
        return found
    }
}

extension Selector: CustomStringConvertible {
    package var description: String { canonical }
}
