/// Why the ledger could not be opened, read or written.
package struct StoreError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable, CaseIterable {
        /// The directory or the file cannot be created or opened.
        case cannotOpen
        /// Another ledger, in this process or another, has the file open.
        case locked
        /// The file is not SQLite's, or belongs to another program.
        case notALedger
        /// A later version of this program has written the file.
        case newerSchema
        /// SQLite found the file damaged.
        case corrupt
        case diskFull
        /// The file, or the file system it is on, cannot be written.
        case readOnly
        /// The operating system reported an error while reading or writing.
        case io
        /// Another program held SQLite's own lock for longer than the busy timeout.
        case busy
        /// Too much waits to be written.
        case overloaded
        /// The ledger follows another etcd cluster.
        case clusterMismatch
        /// A segment is none, breaks off, does not verify, or does not fit the ledger.
        case badSegment
        /// The file of the key that signs checkpoints is missing, open to others, or holds no key.
        case unusableKey
        /// The ledger has been closed.
        case closed
        /// Anything else SQLite reported: a defect of this program.
        case unexpected
    }

    package var code: Code
    /// What happened, to which file, and what to do.
    package var message: String
    /// SQLite's extended result code or the `errno`, where there is one.
    package var systemCode: Int32?

    package init(code: Code, message: String, systemCode: Int32? = nil) {
        self.code = code
        self.message = message
        self.systemCode = systemCode
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String { message }
}
