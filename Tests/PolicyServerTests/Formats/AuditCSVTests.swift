import Documents
import Domain
import PolicyServer
import Testing

struct AuditCSVTests {
    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
        ("two\nlines", "\"two\nlines\""), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"),
        ("@x", "'@x"), ("\tx", "'\tx"), ("\rx", "\"'\rx\""), ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
        ("", ""), ("1-2", "1-2"), ("ä", "ä"),
    ])
    func `a cell is quoted where RFC 4180 says so, and never a formula`(text: String, cell: String)
    {
        var draft = AuditRecord.Draft(
            time: Timestamp(microseconds: 0), origin: .api, actor: "a", verb: .create, kind: "k",
            name: "n")
        draft.reason = text
        let record = AuditRecord(seq: 7, entry: draft, previousHash: .zero, hash: .zero)
        let line = String(decoding: AuditCSV.row(record), as: UTF8.self)
        #expect(line.hasPrefix("7,1970-01-01T00:00:00.000000Z,api,a,,,,,,,,\(cell),,create,k,n,"))
        #expect(line.hasSuffix("\r\n"))
    }

    @Test func `every member of a row is a column`() {
        var draft = AuditRecord.Draft(
            time: Timestamp(microseconds: 0), origin: .api, actor: "a", verb: .create, kind: "k",
            name: "n", region: "r", outcome: .refused)
        let texts: [WritableKeyPath<AuditRecord.Draft, String?>] = [
            \.clusterID, \.changeID, \.clientAddress, \.requestID, \.reason, \.detail, \.before,
            \.after, \.authentication, \.roles, \.userAgent, \.traceParent, \.idempotencyKeyHash,
            \.ticket, \.approval, \.key, \.cidrs, \.problem, \.warnings, \.sourceLedger,
            \.sourceHash,
        ]
        for path in texts { draft[keyPath: path] = "1" }
        (draft.revision, draft.epoch, draft.sourceSeq, draft.status) = (1, 1, 1, 409)
        (draft.isDryRun, draft.isAfterGap) = (true, true)
        let record = AuditRecord(seq: 7, entry: draft, previousHash: .zero, hash: .zero)
        let members = Set(record.document.objectValue?.keys ?? [])
        #expect(members.subtracting(AuditCSV.columns) == [])
        #expect(Set(AuditCSV.columns).subtracting(members) == [])
    }
}
