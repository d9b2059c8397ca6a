/// Notices that the ledger's files were deleted or replaced under the running server: SQLite goes on
/// writing to a file that has no name any more, and every row would be lost with the process.
struct FileGuard: Sendable {
    private let path: String
    private let expected: [LedgerFile.Identity?]

    /// To be made once SQLite has opened `path`.
    init(path: String) {
        self.path = path
        expected = Self.identities(path)
    }

    /// Throws `io` when a file is gone or is another one.
    func check() throws(StoreError) {
        guard Self.identities(path) != expected else { return }
        throw StoreError(
            code: .io,
            message: "\(path): the file or its -wal was moved, deleted or replaced while in use. "
                + "Put it back, or restart the server to begin from what is there.")
    }

    private static func identities(_ path: String) -> [LedgerFile.Identity?] {
        [path, path + "-wal"].map(LedgerFile.Identity.init(path:))
    }
}
