import Foundation
import TestSupport

/// A question of `docs/audit.md`, the command that answers it, and the answer that the page shows.
struct AuditorQuestion: Sendable {
    var title: String
    var command: String
    var answer: String

    /// Returns one question for each section `## <number>. <title>` of the page. The first `sh` block is the command,
    /// and the next block is the answer.
    static func all(in page: String) -> [AuditorQuestion] {
        page.components(separatedBy: "\n## ").dropFirst().compactMap { section in
            let title = section.prefix { $0 != "\n" }
            guard title.first?.isNumber == true else { return nil }
            let blocks = section.components(separatedBy: "\n```")
            guard blocks.count >= 4, let command = block(blocks[1], "sh"),
                let answer = block(blocks[3], "json") ?? block(blocks[3], "text")
            else { return nil }
            return AuditorQuestion(title: String(title), command: command, answer: answer)
        }
    }

    /// Returns the shell functions that the commands use: the first `sh` block that defines a function.
    static func functions(in page: String) throws -> String {
        let blocks = page.components(separatedBy: "\n```").compactMap { block($0, "sh") }
        guard let functions = blocks.first(where: { $0.contains("() {") }) else {
            throw FaultTestError("docs/audit.md defines no functions")
        }
        return functions
    }

    private static func block(_ text: String, _ language: String) -> String? {
        text.hasPrefix(language + "\n") ? String(text.dropFirst(language.count + 1)) : nil
    }

    /// Runs the command in bash after the functions of the page, and returns its output.
    func ask(_ environment: [String: String]) async throws -> String {
        let functions = try Self.functions(in: try Repository.text("docs/audit.md"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", functions + "\n" + command]
        var variables = ProcessInfo.processInfo.environment
        let programs = try ServerExecutable.locate().deletingLastPathComponent().path
        variables["PATH"] = programs + ":" + (variables["PATH"] ?? "/usr/bin:/bin")
        process.environment = variables.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw FaultTestError(
                "\(title): exit \(process.terminationStatus): \(String(decoding: data, as: UTF8.self))"
            )
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Returns `text` with placeholders for the parts that differ from day to day: times, hashes, ids, and numbers of
    /// rows and revisions.
    static func normalized(_ text: String) -> String {
        var text = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let patterns = [
            (#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"#, "TIME"),
            (#"\b[0-9a-f]{64}\b"#, "HASH"),
            (#"\b[0-9A-HJKMNP-TV-Z]{26}\b"#, "CHANGE"),
            (#"("(seq|revision)": )\d+"#, "$1N"),
            (#"[A-Za-z0-9+/]{43}="#, "HASH"),
            (#"\b\d+ rows"#, "N rows"),
            (#"revisions \d+\.\.\d+"#, "revisions N..N"),
        ]
        for (pattern, replacement) in patterns {
            text = text.replacingOccurrences(
                of: pattern, with: replacement, options: .regularExpression)
        }
        return text
    }
}
