package import ControlPlane
import Foundation
import Store

/// The file that `--journal-key-file` names. Each line contains the id of a key and its secret in base64 (RFC 4648
/// section 4), separated by white space. The first key signs; all keys verify. Empty lines and lines that begin with
/// `#` are ignored. The file is read again after each change.
package enum JournalKeyFile {
    /// The maximum number of keys in a file. A file needs two keys while one of them is being replaced.
    package static let maximumKeys = 16

    /// Reads the keys, now and after each change of the file. The message of a `SettingError` contains the path and the
    /// line, and never the secret.
    package static func file(_ path: String) throws(SettingError) -> ReloadingFile<[JournalKey]> {
        do {
            return try ReloadingFile(path, subject: Setting.journalKeyFile.key) { path in
                do throws(StoreError) {
                    return try PrivateFile.read(path, subject: "the file")
                } catch {
                    throw SettingError("\(Setting.journalKeyFile.key): \(error.message)")
                }
            } parse: { bytes in
                try parse(String(decoding: bytes, as: UTF8.self), path)
            }
        } catch let error as SettingError {
            throw error
        } catch {
            throw SettingError("\(error)")
        }
    }

    private static func parse(
        _ text: String, _ path: String
    ) throws(SettingError) -> [JournalKey] {
        var keys: [JournalKey] = []
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            func problem(_ text: String) -> SettingError {
                SettingError(
                    "\(Setting.journalKeyFile.key): \(path), line \(index + 1) \(text)")
            }
            guard words.count == 2, let secret = Data(base64Encoded: String(words[1])),
                let key = JournalKey(id: String(first), secret: [UInt8](secret))
            else {
                throw problem(
                    "is not an id (1 to 32 letters, digits, '.', '_', '-') and a secret of at "
                        + "least \(JournalKey.minimumBytes) bytes in base64, as "
                        + "`openssl rand -base64 32` makes it")
            }
            guard !keys.contains(where: { $0.id == key.id }) else {
                throw problem("has the id of an earlier line")
            }
            keys.append(key)
        }
        guard (1...maximumKeys).contains(keys.count) else {
            throw SettingError(
                "\(Setting.journalKeyFile.key): \(path) has \(keys.count) keys, but must have 1 to "
                    + "\(maximumKeys)")
        }
        return keys
    }
}
