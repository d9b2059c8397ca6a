import Dispatch
import Foundation
import PolicyServer
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct LogOutputTests {
    @Test func `a full pipe blocks nobody, and the log reports the dropped lines`()
        async throws
    {
        let pipe = Pipe()
        let output = LogOutput(
            descriptor: pipe.fileHandleForWriting.fileDescriptor, limit: 100_000)
        let line = String(repeating: "x", count: 99) + "\n"
        // The 2 MB are about ten times the capacity of the pipe and the queue together.
        for _ in 0..<20_000 { output.write(line) }
        let dropped = output.droppedLines
        #expect(dropped > 10_000)
        let reader = Reader(pipe)
        let text = try await reader.read(until: "log lines were dropped")
        await output.flush(within: .seconds(20))
        output.write("afterwards\n")
        let rest = try await reader.read(until: "afterwards\n")
        let kept = (text + rest).split(separator: "\n").filter { $0.hasPrefix("xxx") }.count
        #expect(UInt64(kept) + dropped == 20_000)
        // The log reports dropped lines each time that the writing thread takes the queue. The reports add up to all
        // dropped lines.
        let told = (text + rest).matches(of: /warning: ([0-9]+) log lines were dropped/)
            .compactMap { UInt64($0.output.1) }
        #expect(told.reduce(0, +) == dropped)
    }

    @Test func `a closed pipe does not end the process`() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        try pipe.fileHandleForReading.close()
        output.write("one\n")
        output.write("two\n")
        await output.flush(within: .seconds(20))
        #expect(output.droppedLines == 2)
    }

    @Test func `text of a client cannot appear as a separate log line`() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        output.write("a\nforged\r\u{1B}[2J b\n")
        output.write("next\n")
        let text = try await Reader(pipe).read(until: "next\n")
        #expect(text == "a\\x0aforged\\x0d\\x1b[2J b\nnext\n")
    }

    /// Reads a pipe on a separate thread, because reading blocks.
    private struct Reader: Sendable {
        private let handle: FileHandle

        init(_ pipe: Pipe) { handle = pipe.fileHandleForReading }

        func read(until mark: String) async throws -> String {
            try await withCheckedThrowingContinuation { continuation in
                DispatchQueue(label: "reader").async { [handle] in
                    var text = ""
                    while !text.contains(mark) {
                        let data = handle.availableData
                        if data.isEmpty { break }
                        text += String(decoding: data, as: UTF8.self)
                    }
                    continuation.resume(returning: text)
                }
            }
        }
    }
}
