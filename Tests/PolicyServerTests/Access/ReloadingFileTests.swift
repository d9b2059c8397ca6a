import Domain
import Foundation
import HTTPCore
import Logging
import PolicyServer
import TestSupport
import Testing

struct ReloadingFileTests {
    @Test func `a new token and a revoked token count after the next look`() throws {
        let fixture = try TokenFixture()
        let first = try fixture.add()
        let file = try fixture.reloadingFile()
        let second = try fixture.add("other")
        #expect(file.value.find(second) == nil)
        file.reload(.silent)
        #expect(file.value.find(second)?.principal == "other")
        try TokenFile.update(fixture.path) { tokens in
            _ = tokens.remove(at: try tokens.index(of: first.id.description))
        }
        #expect(file.value.find(first) != nil)
        file.reload(.silent)
        #expect(file.value.find(first) == nil)
        #expect(file.value.count == 1)
    }

    @Test func `a bad file leaves the old content in force, and is reported once`() throws {
        let fixture = try TokenFixture()
        let token = try fixture.add()
        let good = try fixture.text()
        let file = try fixture.reloadingFile()
        let log = LogLines()
        let bad: [(text: String, mode: Int, told: String)] = [
            (good + "nonsense\n", 0o600, "line 2 is not JSON"), (good, 0o644, "chmod 600"),
        ]
        for (text, mode, told) in bad {
            try fixture.write(text, mode: mode)
            for _ in 0..<3 { file.reload(log.logger) }
            #expect(file.problem?.contains(told) == true, "\(file.problem ?? "none")")
            #expect(file.value.find(token) != nil)
        }
        try FileManager.default.removeItem(atPath: fixture.path)
        for _ in 0..<3 { file.reload(log.logger) }
        #expect(file.problem?.contains("cannot be read") == true)
        #expect(file.value.find(token) != nil)
        #expect(log.lines.filter { $0.hasPrefix("error") }.count == 3)
        #expect(!log.lines.joined().contains(token.secretText.suffix(43)))
        try fixture.write(good)
        file.reload(log.logger)
        #expect(file.problem == nil)
    }

    @Test func `a change of the same length within one tick of the clock is noticed`() throws {
        let fixture = try TokenFixture()
        let token = try fixture.add("one")
        let file = try fixture.reloadingFile()
        let text = try fixture.text()
        // Writing in place keeps the inode and the size.
        for principal in ["two", "six", "ten"] {
            let bytes = Array(text.replacing("\"one\"", with: "\"\(principal)\"").utf8)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: fixture.path))
            try handle.write(contentsOf: Data(bytes))
            try handle.close()
            file.reload(.silent)
            #expect(file.value.find(token)?.principal == principal)
        }
    }

    @Test func `the start fails for a file that cannot be used`() throws {
        let fixture = try TokenFixture()
        #expect(throws: (any Error).self) { try fixture.reloadingFile() }
        try fixture.write("nonsense")
        let error = #expect(throws: (any Error).self) { try fixture.reloadingFile() }
        #expect("\(try #require(error))".contains("the token file \(fixture.path): line 1"))
    }

    @Test func `the watcher looks by itself`() async throws {
        let fixture = try TokenFixture()
        try fixture.add()
        let file = try fixture.reloadingFile()
        let watcher = FileWatcher([file], interval: .milliseconds(5), logger: .silent)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await watcher.run() }
            let token = try fixture.add("new")
            try await eventually("the new token counts") { file.value.find(token) != nil }
            try fixture.write("nonsense")
            try await eventually("the problem is known") { file.problem != nil }
            tasks.cancelAll()
        }
    }
}
