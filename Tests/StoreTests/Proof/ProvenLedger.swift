import Domain
import Foundation
import GRDB
import TestSupport

import Store

/// A closed ledger of 700 rows with a signing key and checkpoints of 300 and 600 rows.
struct ProvenLedger {
    static let size: Int64 = 700
    /// The row that is changed. There are rows and whole tiles before and after it.
    static let middle: Int64 = 350

    let directory: TemporaryDirectory
    let key: SigningKey
    /// The checkpoints of 300 and of 600 rows.
    let checkpoints: [SignedCheckpoint]
    var path: String { directory.file("audit.sqlite") }

    /// - Parameters:
    ///   - key: The key that signs. Row 1 names it.
    ///   - change: A change of the middle row before it is written.
    init(
        key: SigningKey = SigningKey(name: "test"),
        change: (inout AuditRecord.Draft) -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        self.key = key
        var rows = (1...Self.size).map(Self.draft)
        rows[0] = SigningKeyRow.draft(key.verifier, after: nil, time: Timestamp(microseconds: 1))
        change(&rows[Int(Self.middle) - 1])
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"))
        var checkpoints: [SignedCheckpoint] = []
        for part in [rows[..<300], rows[300..<600], rows[600...]] {
            try await ledger.record(Array(part))
            guard ledger.lastSeq < Self.size else { break }
            let made = try await ledger.makeCheckpoint(key, time: Timestamp(microseconds: 2))
            checkpoints.append(made.stored.signed)
        }
        self.checkpoints = checkpoints
        try await ledger.close()
    }

    /// Drops the triggers of the file and runs `sql` on it, without the code of the ledger.
    func tamper(_ sql: String) throws { try RawFile.execute(Self.dropTriggers + sql, in: path) }

    func verify(
        key: VerifierKey? = nil, outside: [SignedCheckpoint] = []
    ) async throws -> LedgerReport {
        try await LedgerVerifier(
            path: path, key: key,
            outside: outside.map { OutsideCheckpoint(source: "a copy", signed: $0) }
        ).verify()
    }

    static let dropTriggers = """
        DROP TRIGGER audit_refuses_update; DROP TRIGGER audit_refuses_delete;
        DROP TRIGGER audit_refuses_disorder; DROP TRIGGER checkpoint_refuses_update;
        DROP TRIGGER checkpoint_refuses_delete; DROP TRIGGER identity_refuses_update;
        DROP TRIGGER sealed_refuses_update; DROP TRIGGER kept_refuses_update;

        """

    /// Returns a row in which every column has a value.
    private static func draft(_ number: Int64) -> AuditRecord.Draft {
        var draft = AuditRecord.Draft.sample("policy-\(number)", time: number, region: "xyz-west")
        draft.authentication = "asserted"
        draft.roles = #"["admin"]"#
        draft.userAgent = "curl/8"
        draft.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        draft.idempotencyKeyHash = String(repeating: "ab", count: 32)
        draft.ticket = "T-\(number)"
        draft.approval = #"{"breakGlass":true}"#
        draft.key = "/calico/policy-\(number)"
        draft.cidrs = #"["10.0.\#(number % 256).0/24","2001:db8::/32"]"#
        draft.problem = "overlap"
        draft.isDryRun = true
        draft.warnings = #"[{"message":"é\u0001"}]"#
        draft.sourceLedger = "0123456789abcdef0123456789abcdef"
        draft.sourceSeq = number
        draft.sourceHash = String(repeating: "cd", count: 32)
        return draft
    }
}
