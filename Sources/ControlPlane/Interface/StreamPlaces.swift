import Documents
import Domain

/// The names of a stream's documents in answers: as people count, and by the line where that is known. Pointers count
/// from 0 (RFC 6901).
struct StreamPlaces: Sendable {
    /// The line in which each document begins.
    var lines: [Int?] = []

    /// The name of the document with this index: "the 3rd document (line 14)".
    func name(_ index: Int) -> String {
        let line = index < lines.count ? lines[index] : nil
        return "the \(Self.ordinal(index + 1)) document" + (line.map { " (line \($0))" } ?? "")
    }

    /// The first of `violations`, which have pointers into the stream, with the name of its document.
    func summary(_ violations: ViolationList) -> String {
        let index = violations.first.flatMap { JSONPointer.tokens($0.pointer).first }
        let document = index.flatMap { Int($0) }.map { name($0) + ": " }
        return (document ?? "") + violations.summary
    }

    private static func ordinal(_ number: Int) -> String {
        let suffix =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(suffix)"
    }
}
