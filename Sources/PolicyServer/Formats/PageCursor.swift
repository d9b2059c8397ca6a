import Foundation
import Store

/// The cursor of a page. It contains the name of the list and the position where the page begins. Clients must not
/// interpret it.
///
/// The text of a cursor is the base64url encoding of the list's name, a line feed and the position. The name is
/// included so that a cursor of another list is refused instead of misread.
package struct PageCursor: Equatable, Sendable {
    /// The name of the list, such as `subnets`.
    package var list: String
    package var position: String

    package init(list: String, position: String) {
        self.list = list
        self.position = position
    }

    /// Reads a cursor from its text. Returns nil for a text that is not a value of the property `text`, and for a
    /// cursor of another list.
    package init?(text: String, list: String) {
        guard text.utf8.count <= 1024, let bytes = Self.decode(text),
            let plain = String(validating: bytes, as: UTF8.self),
            plain.hasPrefix(list + "\n")
        else { return nil }
        self.init(list: list, position: String(plain.dropFirst(list.count + 1)))
        // Only the text that this type writes is accepted. In base64, several texts can encode the same bytes.
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

/// A position in a list of an earlier state. It also contains the position of that state in the history, so that all
/// pages show the same state.
struct PinnedPosition: Equatable {
    /// The positions in the history that the pages show. A list shows one position, and a difference compares two.
    var positions: [HistoryPosition]
    /// The position in the list, from which the page begins.
    var rest: String

    init(_ positions: [HistoryPosition], _ rest: String) {
        self.positions = positions
        self.rest = rest
    }

    /// Reads a position from its text. Returns nil for a text that is not a value of the property `text`.
    init?(_ text: String, positions count: Int = 1) {
        let parts = text.split(
            separator: " ", maxSplits: count, omittingEmptySubsequences: false)
        let positions = parts.prefix(count).compactMap { HistoryPosition(String($0)) }
        guard parts.count == count + 1, positions.count == count else { return nil }
        self.init(positions, String(parts[count]))
    }

    var text: String { (positions.map(\.description) + [rest]).joined(separator: " ") }
}
