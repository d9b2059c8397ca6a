import Foundation
import TestSupport
import Testing

/// A page for users, and the commands that it shows.
struct DocumentedPage: Sendable, CustomTestStringConvertible {
    /// The state before the first command of the page. The raw value is the words with which a page names it.
    enum Start: String, CaseIterable {
        case emptyServer = "run in order, on an empty server"
        case example = "run in order, after README's example"
        case day = "run in order, after a day of"
    }

    /// A fenced block with the language `sh`, which contains commands.
    struct Block: Sendable {
        var line: Int
        /// The heading above the block.
        var heading: String
        var code: String
        /// The reason why no test runs the block, from the comment `<!-- not run: … -->` above it; nil if a test runs
        /// it.
        var exemption: String?
    }

    /// The path from the root of the repository.
    let path: String
    let text: String
    let blocks: [Block]
    /// The languages of all fenced blocks. A block without a language counts as an empty text.
    let languages: Set<String>

    var testDescription: String { path }

    init(_ path: String) throws {
        self.path = path
        text = try Repository.text(path)
        (blocks, languages) = Self.blocks(of: text)
    }

    /// Returns README and every page of `docs/`.
    static func all() throws -> [DocumentedPage] {
        let folder = Repository.root.appendingPathComponent("docs").path
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        let pages = names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
        return try (["README.md"] + pages).map { try DocumentedPage($0) }
    }

    /// The blocks that the tests run, in order.
    var commands: [Block] { blocks.filter { $0.exemption == nil } }

    /// The state that the page names for the start of its commands; nil if it names none or several.
    var start: Start? {
        let plain = text.replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.1 }
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let said = Start.allCases.filter { plain.contains($0.rawValue) }
        return said.count == 1 ? said[0] : nil
    }

    /// Returns the text of the first fenced block of `language`; nil if absent.
    func firstBlock(of language: String) -> String? {
        guard let start = text.range(of: "\n```\(language)\n") else { return nil }
        let rest = text[start.upperBound...]
        return rest.range(of: "\n```").map { String(rest[..<$0.lowerBound]) + "\n" }
    }

    private static func blocks(of text: String) -> ([Block], Set<String>) {
        var blocks: [Block] = []
        var languages: Set<String> = []
        var heading = ""
        var above = ""
        /// The language and the first line of the block that is being read; nil outside of blocks.
        var open: (language: String, line: Int)?
        var code: [Substring] = []
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            if let (language, first) = open {
                guard line.hasPrefix("```") else {
                    code.append(line)
                    continue
                }
                if language == "sh" {
                    let reason = above.firstMatch(of: /^<!-- not run: (.+) -->$/)?.1
                    blocks.append(
                        Block(
                            line: first, heading: heading, code: code.joined(separator: "\n"),
                            exemption: reason.map(String.init)))
                }
                (open, code, above) = (nil, [], "")
            } else if line.hasPrefix("```") {
                let language = String(line.dropFirst(3))
                languages.insert(language)
                open = (language, number + 1)
            } else if !line.isEmpty {
                above = String(line)
                if let title = line.wholeMatch(of: /#+ (.+)/)?.1 { heading = String(title) }
            }
        }
        return (blocks, languages)
    }
}
