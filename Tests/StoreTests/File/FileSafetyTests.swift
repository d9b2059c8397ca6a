import Foundation
import Store
import Testing
import TestSupport

@Suite struct FileSafetyTests {
    private static let ours = "somebody's own words"

    /// Returns a temporary folder with a file that must not be touched.
    private static func folder() throws -> (TemporaryDirectory, victim: String) {
        let directory = try TemporaryDirectory()
        let victim = directory.file("victim")
        try Data(ours.utf8).write(to: URL(fileURLWithPath: victim))
        return (directory, victim)
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test(
        "A lock file that is a link is refused, and what is behind it stays",
        arguments: [true, false])
    func linkedLock(isSymbolic: Bool) throws {
        let (directory, victim) = try Self.folder()
        let path = directory.file("audit.sqlite")
        #expect((isSymbolic ? symlink : link)(victim, path + ".lock") == 0)
        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains(path + ".lock") == true)
        #expect(try Self.text(victim) == Self.ours)
    }

    @Test(
        "A dangling link in the lock's or the ledger's place makes no file",
        arguments: [".lock", ""])
    func dangling(suffix: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        #expect(symlink(directory.file("target"), path + suffix) == 0)
        #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(!FileManager.default.fileExists(atPath: directory.file("target")))
    }

    @Test(
        "A pipe, a folder or a device in the lock's place ends no start in waiting",
        arguments: ["pipe", "folder"])
    func notAFile(kind: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        #expect(
            (kind == "pipe" ? mkfifo(path + ".lock", 0o600) : mkdir(path + ".lock", 0o700)) == 0)
        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.code == .cannotOpen)
    }

    @Test("A ledger is open once, by whatever link it is reached")
    func linkedLedger() async throws {
        let directory = try TemporaryDirectory()
        let real = directory.file("real/audit.sqlite")
        let ledger = try AuditLedger(path: real)
        #expect(symlink(directory.file("real"), directory.file("folder")) == 0)
        #expect(mkdir(directory.file("file"), 0o700) == 0)
        #expect(symlink(real, directory.file("file/audit.sqlite")) == 0)
        for name in ["folder/audit.sqlite", "file/audit.sqlite"] {
            let error = #expect(throws: StoreError.self) {
                _ = try AuditLedger(path: directory.file(name))
            }
            #expect(error?.code == .locked)
        }
        try await ledger.close()
        let again = try AuditLedger(path: directory.file("file/audit.sqlite"))
        #expect(again.identity == ledger.identity)
        try await again.close()
    }

    @Test("A ledger with a second name is refused under both")
    func hardLink() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        try await AuditLedger(path: path).close()
        #expect(link(path, directory.file("other.sqlite")) == 0)
        for name in [path, directory.file("other.sqlite")] {
            let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: name) }
            #expect(error?.message.contains("hard links") == true)
        }
    }

    @Test(
        "A data folder that others can use is refused, and says what to do",
        arguments: [mode_t(0o720), 0o702, 0o750, 0o701, 0o755, 0o777, 0o1777])
    func openFolder(mode: mode_t) throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("data")
        #expect(mkdir(folder, 0o700) == 0)
        #expect(chmod(folder, mode) == 0)
        let error = #expect(throws: StoreError.self) {
            _ = try AuditLedger(path: folder + "/audit.sqlite")
        }
        #expect(error?.code == .cannotOpen)
        #expect(error?.message.contains(": chmod 700 \(folder).") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        #expect(chmod(folder, 0o700) == 0)
        _ = try AuditLedger(path: folder + "/audit.sqlite")
    }

    @Test(
        "A ledger or a log of it that others can use is refused, and says what to do",
        arguments: [mode_t(0o620), 0o602, 0o640, 0o604, 0o666], ["", "-wal", "-shm"])
    func openFile(mode: mode_t, suffix: String) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.sqlite")
        try await AuditLedger(path: path).close()
        _ = FileManager.default.createFile(
            atPath: directory.file("empty"), contents: nil, attributes: [.posixPermissions: 0o600])
        _ = link(directory.file("empty"), path + suffix)
        #expect(chmod(path + suffix, mode) == 0)
        let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
        #expect(error?.message.contains(": chmod 600 \(path + suffix).") == true)
        #expect(chmod(path + suffix, 0o600) == 0)
        _ = try AuditLedger(path: path)
    }

    /// Only root can give a file to somebody else.
    @Test("A folder or ledger of another user is refused", .enabled(if: geteuid() == 0))
    func otherOwner() async throws {
        let directory = try TemporaryDirectory()
        let folder = directory.file("data")
        let path = folder + "/audit.sqlite"
        try await AuditLedger(path: path).close()
        for name in [folder, path] {
            #expect(chown(name, 65_534, 65_534) == 0)
            let error = #expect(throws: StoreError.self) { _ = try AuditLedger(path: path) }
            #expect(error?.message.contains("\(name) belongs to another user (65534)") == true)
            #expect(error?.message.contains("chown 0 \(name)") == true)
            #expect(chown(name, 0, 0) == 0)
        }
        _ = try AuditLedger(path: path)
    }

    @Test("Only a secret of root, read by another user, may be readable for a group")
    func permissions() {
        #expect(PrivateFile.permissions(owner: 0, user: 0) == 0o600)
        #expect(PrivateFile.permissions(owner: 7, user: 7) == 0o600)
        #expect(PrivateFile.permissions(owner: 0, user: 7) == 0o640)
    }

    @Test("A secret is read from a plain file of its owner's alone, however long")
    func privateFile() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("secret")
        let long = String(repeating: "s", count: 10_000)
        try Data(long.utf8).write(to: URL(fileURLWithPath: path))
        func read() throws -> [UInt8] { try PrivateFile.read(path, subject: "the key's file") }
        for mode: mode_t in [0o640, 0o604, 0o620, 0o666] {
            #expect(chmod(path, mode) == 0)
            let error = #expect(throws: StoreError.self) { try read() }
            #expect(error?.code == .unusableKey)
            #expect(error?.message.contains("the key's file \(path) has mode") == true)
            #expect(error?.message.contains(": chmod 600 \(path),") == true)
            #expect(error?.message.contains("sss") == false)
        }
        #expect(chmod(path, 0o600) == 0)
        #expect(try read() == Array(long.utf8))
        #expect(symlink(path, directory.file("link")) == 0)
        #expect(try PrivateFile.read(directory.file("link"), subject: "s") == Array(long.utf8))
        #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
        for name in ["pipe", "none", ""] {
            let error = #expect(throws: StoreError.self) {
                try PrivateFile.read(directory.file(name), subject: "s")
            }
            #expect(error?.code == .unusableKey)
        }
        let tooLong = [UInt8](repeating: 7, count: PrivateFile.maximumBytes + 1)
        try Data(tooLong).write(to: URL(fileURLWithPath: path))
        #expect(throws: StoreError.self) { try read() }
    }

    @Test("A file that decides about rights may be read by others, and changed by nobody else")
    func openlyReadable() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("grants")
        try Data(Self.ours.utf8).write(to: URL(fileURLWithPath: path))
        func read() throws -> [UInt8] {
            try PrivateFile.read(path, subject: "the grants' file", others: .reading)
        }
        for mode: mode_t in [0o600, 0o640, 0o644] {
            #expect(chmod(path, mode) == 0)
            #expect(try read() == Array(Self.ours.utf8))
        }
        for mode: mode_t in [0o620, 0o602, 0o666] {
            #expect(chmod(path, mode) == 0)
            let error = #expect(throws: StoreError.self) { try read() }
            #expect(error?.message.contains(": chmod go-w \(path)") == true)
        }
    }

    @Test("A backup and an export never write through a link that waits in their place")
    func targets() async throws {
        let (directory, victim) = try Self.folder()
        let fixture = try await LedgerFixture()
        try await fixture.project([.sample(1)])
        let reader = try LedgerReader(path: fixture.path)
        let target = directory.file("backup.sqlite")
        // A name that somebody could guess for the temporary file.
        #expect(symlink(victim, target + ".partial-\(getpid())") == 0)
        _ = try reader.backup(to: target)
        #expect(try Self.text(victim) == Self.ours)
        #expect(try RawFile.mode(target) == 0o600)
        #expect(throws: StoreError.self) { _ = try reader.backup(to: target) }
    }
}
