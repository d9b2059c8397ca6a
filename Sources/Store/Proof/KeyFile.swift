#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import Foundation

/// Reads and writes the file of a signing key. The file has one line, and only its owner may read it.
package enum KeyFile {
    /// Reads the key. Throws `unusableKey` if `PrivateFile.read` refuses the file, or if the file has no key. The
    /// message never shows the content.
    package static func read(_ path: String) throws(StoreError) -> SigningKey {
        try parse(bytes(path), path)
    }

    /// Returns the content of the file. Throws `unusableKey` if `PrivateFile.read` refuses the file.
    package static func bytes(_ path: String) throws(StoreError) -> [UInt8] {
        try PrivateFile.read(path, subject: subject)
    }

    /// Returns the key in `bytes`, the content of the file `path`. Throws as `read` does.
    package static func parse(_ bytes: [UInt8], _ path: String) throws(StoreError) -> SigningKey {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let key = SigningKey(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw unusable(path, "holds no key of the form PRIVATE+KEY+name+id+base64")
        }
        return key
    }

    /// Returns the key in `path`, or a new key for `ledger` if the file does not exist. If the key is for another
    /// ledger, renames the file to `<path>.<key id>`, and creates a file with a new key at `path`.
    package static func readOrCreate(
        _ path: String, ledger: String
    ) throws(StoreError) -> SigningKey {
        let key = SigningKey(name: Checkpoint.origin(ledger: ledger))
        var status = stat()
        guard lstat(path, &status) != 0, errno == ENOENT else {
            let old = try read(path)
            guard let other = old.verifier.ledger, other != ledger else { return old }
            // `putAside` gives the file of the old key a second name. So a crash before or during `replace` does not
            // lose the old key.
            try putAside(path, old.verifier)
            try replace(path, with: key)
            return key
        }
        let temporary = try PrivateFile.write(text(key), beside: path, subject: subject)
        defer { unlink(temporary) }
        // `link` does not replace a file that another process has created meanwhile. `rename` would replace the
        // file.
        guard link(temporary, path) == 0 || errno == EEXIST else {
            throw unusable(path, "cannot be made: \(reason(errno))")
        }
        // Without this call, a power failure could remove the new name from the directory.
        try PrivateFile.syncDirectory(of: path, subject: subject)
        return try read(path)
    }

    private static func putAside(_ path: String, _ key: VerifierKey) throws(StoreError) {
        guard link(path, "\(path).\(key.hexID)") == 0 || errno == EEXIST else {
            throw unusable(
                path, "is for a different ledger and cannot be renamed: \(reason(errno))")
        }
    }

    /// Returns the public halves of the keys that `readOrCreate` has renamed. Leaves out keys that cannot be read.
    package static func retired(beside path: String) -> [VerifierKey] {
        let file = URL(fileURLWithPath: path)
        let folder = file.deletingLastPathComponent().path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasPrefix(file.lastPathComponent + "."),
                let key = try? read(folder + "/" + name).verifier, name.hasSuffix("." + key.hexID)
            else { return nil }
            return key
        }
    }

    /// Replaces the key in `path` with `key`. The old key is lost.
    package static func replace(_ path: String, with key: SigningKey) throws(StoreError) {
        try PrivateFile.replace(path, with: text(key), subject: subject)
    }

    private static func text(_ key: SigningKey) -> [UInt8] { Array((key.secretText + "\n").utf8) }

    private static func unusable(_ path: String, _ problem: String) -> StoreError {
        StoreError(code: .unusableKey, message: "\(subject) \(path) \(problem)")
    }

    package static let subject = "the signing key's file"

    private static func reason(_ number: Int32) -> String { PrivateFile.reason(number) }
}
