import Documents
import Domain
import Testing

@Suite struct CanonicalRecordTests {
    /// A row in which every column has a value, with text that needs escapes.
    static let full: AuditRecord.Draft = {
        var draft = AuditRecord.Draft(
            time: Timestamp(microseconds: -1), origin: .external, actor: "a\"b\\c\n\u{1}",
            verb: .observe, kind: "Küche", name: "😀\u{2028}", region: "r", outcome: .failed)
        draft.revision = 9
        draft.clusterID = "cluster"
        draft.changeID = "change"
        draft.authentication = "asserted"
        draft.roles = #"["a"]"#
        draft.clientAddress = "::1"
        draft.userAgent = "curl\t8"
        draft.requestID = "request"
        draft.traceParent = "trace"
        draft.idempotencyKeyHash = "idem"
        draft.reason = ""
        draft.ticket = "T-1"
        draft.key = "/calico/x"
        draft.epoch = 2
        draft.cidrs = #"["10.0.0.0/8"]"#
        draft.problem = "overlap"
        draft.isDryRun = true
        draft.warnings = "[]"
        draft.sourceLedger = "other"
        draft.sourceSeq = .max
        draft.sourceHash = "hash"
        draft.status = 409
        draft.detail = "{}"
        draft.isAfterGap = true
        draft.before = #"{"a":"\u0001"}"#
        draft.after = "null"
        return draft
    }()

    /// The row is written member by member in an order fixed in the source. The bytes must be equal to the bytes of
    /// the general serializer, which sorts. The keys are the names of the columns.
    @Test func theFormIsTheCanonicalJSONOfTheRow() throws {
        for draft in [
            Self.full,
            AuditRecord.Draft(
                time: Timestamp(microseconds: 7), origin: .api, actor: "", verb: .create, kind: "",
                name: ""),
        ] {
            let form = AuditRecord.canonicalForm(seq: 3, entry: draft, previousHash: .zero)
            #expect(JSONSerializer.canonical(try JSONParser.parse(form)) == form)
        }
        let form = AuditRecord.canonicalForm(seq: 3, entry: Self.full, previousHash: .zero)
        let keys = try JSONParser.parse(form).objectValue?.keys
        #expect(keys?.count == 36)
    }
}
