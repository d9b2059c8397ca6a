import Domain
import Foundation
import TestSupport
import Testing

import Store

@Suite struct SignedNoteTests {
    /// The key and the note in the documentation of golang.org/x/mod/sumdb/note. So another program made them.
    static let verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    static let signer =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
    static let note = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

        """

    @Test func theNoteOfAnotherProgramVerifiesAndIsMadeAnewByteForByte() throws {
        let key = try #require(SigningKey(Self.signer))
        #expect(key.verifier.text == Self.verifier)
        #expect(key.secretText == Self.signer)
        let note = try #require(SignedNote(Self.note))
        #expect(note.description == Self.note)
        #expect(note.isSigned(by: try #require(VerifierKey(Self.verifier))))
        #expect(try key.sign(note.text).description == Self.note)
    }

    @Test func aNoteThatWasChangedIsNotSigned() throws {
        let key = try #require(VerifierKey(Self.verifier))
        let changed = try #require(SignedNote(Self.note.replacing("answer", with: "answers")))
        #expect(!changed.isSigned(by: key))
        let other = SigningKey(name: "PeterNeumann").verifier
        #expect(try #require(SignedNote(Self.note)).isSigned(by: other) == false)
    }

    @Test(arguments: [
        "", "text\n", "text\n\n", "text\n\n— name\n", "text\n\n— name AAAA\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAAAAAA", "text\n\n— na+me AAAAAAAA\n",
    ])
    func whatIsNoNoteIsNone(text: String) { #expect(SignedNote(text) == nil) }

    @Test(arguments: [
        "", "name", "name+00000000+AQ==",
        "name+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ])
    func whatIsNoKeyIsNone(text: String) { #expect(VerifierKey(text) == nil) }

    @Test func aCheckpointIsItsThreeLines() throws {
        let checkpoint = Checkpoint(origin: "policy-server/ab", size: 12, root: .zero)
        let text = "policy-server/ab\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
        #expect(checkpoint.text == text)
        #expect(Checkpoint(text: text) == checkpoint)
        #expect(Checkpoint(text: text + "extension\n") == checkpoint)
        for wrong in ["012", "-1", "x", "9223372036854775808", ""] {
            #expect(Checkpoint(text: text.replacing("12", with: wrong)) == nil)
        }
        #expect(Checkpoint(text: "a\n1\nAAAA\n") == nil)
    }

    @Test func aNewKeyFileIsItsOwnersAloneAndIsReadAgain() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.key")
        let key = try KeyFile.readOrCreate(path, ledger: "n")
        #expect(try RawFile.mode(path) == 0o600)
        #expect(try KeyFile.readOrCreate(path, ledger: "n").verifier == key.verifier)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["audit.key"])
        let next = SigningKey(name: "n")
        try KeyFile.replace(path, with: next)
        #expect(try KeyFile.read(path).verifier == next.verifier)
        #expect(try RawFile.mode(path) == 0o600)
    }

    @Test func aKeyOfAnotherLedgerIsSetAsideAndRemembered() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.key")
        let old = try KeyFile.readOrCreate(path, ledger: "old").verifier
        let new = try KeyFile.readOrCreate(path, ledger: "new").verifier
        #expect(old.name == "policy-server/old")
        #expect(new.name == "policy-server/new")
        #expect(try KeyFile.read(path + "." + old.hexID).verifier == old)
        #expect(try RawFile.mode(path + "." + old.hexID) == 0o600)
        #expect(try KeyFile.readOrCreate(path, ledger: "new").verifier == new)
        #expect(KeyFile.retired(beside: path) == [old])
    }

    @Test func aGivenKeySignsUnderTheNameOfItsLedger() throws {
        let key = SigningKey(name: "policy-server/old")
        let note = try key.forLedger("new").sign("text\n")
        #expect(note.signatures.map(\.name) == ["policy-server/new"])
        #expect(note.isSigned(withKeyOf: key.verifier))
        #expect(!note.isSigned(by: key.verifier))
        #expect(SigningKey(name: "mine").forLedger("new").verifier.name == "mine")
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o610])
    func aKeyThatOthersCanUseIsRefused(mode: Int) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.key")
        let key = try KeyFile.readOrCreate(path, ledger: "n")
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        let error = #expect(throws: StoreError.self) { _ = try KeyFile.read(path) }
        #expect(error?.code == .unusableKey)
        #expect(error?.message.contains(path) == true)
        #expect(error?.message.contains(key.secretText) == false)
    }

    @Test(arguments: ["", "nonsense", Self.verifier])
    func aFileWithoutAKeyIsRefusedAndLeftAlone(content: String) throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("audit.key")
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(content.utf8), attributes: [.posixPermissions: 0o600]))
        let error = #expect(throws: StoreError.self) {
            _ = try KeyFile.readOrCreate(path, ledger: "n")
        }
        #expect(error?.code == .unusableKey)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
    }

    @Test func aKeyDoesNotShowItsSecret() {
        let key = SigningKey(name: "n")
        for text in ["\(key)", String(reflecting: key), "\([key])"] {
            #expect(!text.contains("PRIVATE"))
            #expect(!text.contains(key.secretText.suffix(20)))
        }
    }
}
