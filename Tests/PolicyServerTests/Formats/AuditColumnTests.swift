import Documents
import Domain
import PolicyServer
import Testing

/// Tests that every format of a row contains every column of the table `AuditColumn`.
@Suite struct AuditColumnTests {
    /// A row in which every column has a value.
    private static let full: AuditRecord = {
        var record = AuditRecord(
            seq: 1,
            entry: AuditRecord.Draft(
                time: Timestamp(microseconds: 1), origin: .api, actor: "alice", verb: .update,
                kind: "Region", name: "west"),
            previousHash: .zero, hash: .zero)
        var entry = record.entry
        for column in AuditColumn.all {
            switch column.content {
            case .optionalText(let path): entry[keyPath: path] = #"["\#(column.name)"]"#
            case .optionalInteger(let path): entry[keyPath: path] = 7
            case .flag(let path), .rareFlag(let path): entry[keyPath: path] = true
            case .seq, .previousHash, .hash, .time, .origin, .verb, .outcome, .text: break
            }
        }
        record = AuditRecord(seq: 1, entry: entry, previousHash: .zero, hash: .zero)
        return record
    }()

    @Test(arguments: AuditColumn.all.map(\.name))
    func theDocumentShowsEveryColumn(name: String) throws {
        let column = try #require(AuditColumn.all.first { $0.name == name })
        let document = Self.full.document
        switch try #require(column.member) {
        case .plain(let member): #expect(document[member] != nil)
        case .json(let member): #expect(document[member]?.arrayValue?.count == 1)
        case .part(let member, let outer): #expect(document[outer]?[member] != nil)
        }
    }

    @Test func theCSVHasAColumnForEveryMemberOfTheDocument() throws {
        let members = try #require(Self.full.document.objectValue?.keys)
        #expect(Set(AuditCSV.columns) == Set(members))
        #expect(AuditCSV.columns.count == Set(AuditCSV.columns).count)
        let positions = AuditColumn.all.compactMap(\.csv)
        #expect(positions.count == Set(positions).count)
    }

    /// The order must not change, because programs and spreadsheets read the columns by position.
    @Test func theOrderOfTheColumnsOfCSVStaysWhatItWas() {
        #expect(
            AuditCSV.columns.joined(separator: ",")
                == "seq,time,origin,actor,authentication,roles,clientAddress,userAgent,requestId,"
                + "traceparent,idempotencyKeyHash,reason,ticket,verb,kind,name,region,outcome,"
                + "status,problem,dryRun,afterGap,cidrs,key,revision,epoch,clusterId,changeId,"
                + "warnings,detail,before,after,diff,importedFrom,prevHash,hash,approval")
    }

    @Test func anEventTagsAndAttachesInAFixedOrder() {
        #expect(
            CADF.tags.map(\.member.name)
                == ["kind", "region", "ticket", "changeId", "requestId", "revision", "seq"])
        #expect(
            CADF.attachments.map(\.member.name)
                == ["before", "after", "detail", "reason", "warnings", "approval"])
    }

    @Test func everyFilterHasAParameterOfItsOwn() {
        #expect(API.auditFilters.count == Set(API.auditFilters).count)
    }
}
