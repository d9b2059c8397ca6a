import Foundation
import Store

/// The opaque cursor of a page. It holds the name of its list and the position where the page begins.
///
/// The text of a cursor is the base64url of list, line feed and position. A cursor of another list is refused instead
/// of misread, because the list's name is part of it.
package struct PageCursor: Equatable, Sendable {
    /// The list's name, such as `subnets`.
    package var list: String
    package var position: String

    package init(list: String, position: String) {
        self.list = list
        self.position = position
    }

    /// Reads the form that `text` writes; nil for any other text and for a cursor of another list.
    package init?(text: String, list: String) {
        guard text.utf8.count <= 1024, let bytes = Self.decode(text),
            let plain = String(validating: bytes, as: UTF8.self),
            plain.hasPrefix(list + "\n")
        else { return nil }
        self.init(list: list, position: String(plain.dropFirst(list.count + 1)))
        // base64 allows several texts for the same bytes. Only the text that this type writes is accepted.
        guard !position.isEmpty, self.text == text else { return nil }
    }

    package var text: String {
        Data("\(list)\n\(position)".utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    private static func decode(_ text: String) -> [UInt8]? {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Data(base64Encoded: standard + padding).map { [UInt8]($0) }
    }
}

/// A position in a list of an earlier state. All pages show the same state as the first page.
struct PinnedPosition: Equatable {
    /// The states of etcd that the pages show. A list shows one state, and a difference compares two.
    var positions: [HistoryPosition]
    /// The position in the list.
    var rest: String

    init(_ positions: [HistoryPosition], _ rest: String) {
        self.positions = positions
        self.rest = rest
    }

    /// Reads the form that `text` writes; nil for any other text.
    init?(_ text: String, positions count: Int = 1) {
        let parts = text.split(
            separator: " ", maxSplits: count, omittingEmptySubsequences: false)
        let positions = parts.prefix(count).compactMap { HistoryPosition(String($0)) }
        guard parts.count == count + 1, positions.count == count else { return nil }
        self.init(positions, String(parts[count]))
    }

    var text: String { (positions.map(\.description) + [rest]).joined(separator: " ") }
}
