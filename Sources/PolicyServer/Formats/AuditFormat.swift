import Documents
import Domain
import HTTPCore

/// The formats in which answers show audit rows.
enum AuditFormat: Sendable, Equatable {
    case document(DocumentFormat)
    /// One line of JSON for each row.
    case lines
    case csv
    /// Events of the Cloud Auditing Data Federation (DMTF DSP0262).
    case cadf

    static let linesType = "application/x-ndjson"
    static let csvType = "text/csv"
    static let cadfType = "application/cadf+json"

    /// The media types of a list of rows. The first one is the default.
    static let answerTypes = DocumentFormat.answerTypes + [linesType, csvType, cadfType]

    init(answerType: String) {
        self =
            switch answerType {
            case Self.linesType: .lines
            case Self.csvType: .csv
            case Self.cadfType: .cadf
            default: .document(DocumentFormat(answerType: answerType))
            }
    }

    /// The name of the format, as the ledger records it.
    var name: String {
        switch self {
        case .document(.json): "json"
        case .document(.yaml): "yaml"
        case .lines: "ndjson"
        case .csv: "csv"
        case .cadf: "cadf"
        }
    }

    /// True if an answer in this format consists only of rows. All rows can then be streamed.
    var isStream: Bool { self == .lines || self == .csv }

    func contentType(_ request: Request) -> String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        default: request.responseType.isEmpty ? "application/json" : request.responseType
        }
    }

    /// The text before the first row.
    var head: [UInt8] { self == .csv ? AuditCSV.head : [] }

    /// Returns a row as it appears in a stream.
    func row(_ record: AuditRecord) -> [UInt8] {
        self == .csv
            ? AuditCSV.row(record)
            : JSONSerializer.bytes(record.document) + [UInt8(ascii: "\n")]
    }

    /// Returns one page. `next` is the cursor of the next page; nil for the last page.
    func page(_ page: AuditPage, _ next: String?) -> [UInt8] {
        switch self {
        case .lines, .csv: head + page.records.flatMap(row)
        case .cadf:
            DocumentFormat.json.serialize(
                Self.document(
                    page, next, "events", page.records.map(\.cadfEvent),
                    first: ("typeURI", .string(CADF.log))))
        case .document(let format):
            format.serialize(
                Self.document(page, next, "items", page.records.map(\.document)))
        }
    }

    private static func document(
        _ page: AuditPage, _ next: String?, _ list: String, _ rows: [JSONValue],
        first: (String, JSONValue)? = nil
    ) -> JSONValue {
        var body = JSONObject()
        if let (name, value) = first { body[name] = value }
        body[list] = .array(rows)
        body["next"] = next.map(JSONValue.string)
        body["scanned"] = .number(JSONNumber(Int64(page.scanned)))
        if page.isPartial { body["partial"] = true }
        return .object(body)
    }
}
