import Documents
package import Domain

/// Rows of the ledger as comma-separated values (RFC 4180), for spreadsheets.
package enum AuditCSV {
    /// The members of a row that become columns, in their order in the file.
    package static let columns: [String] = {
        let members = AuditColumn.all.compactMap { column in
            column.csv.flatMap { position in column.member.map { (position, $0.name) } }
        }
        // This line adds `diff`, because `diff` is not a column of the ledger. Its position 330 puts it after the
        // column `after`, which has the position 320.
        return (members + [(330, "diff")]).sorted { $0.0 < $1.0 }.map(\.1)
    }()

    static let head = line(columns)

    /// Returns the CSV line of one row of the ledger.
    package static func row(_ record: AuditRecord) -> [UInt8] {
        let document = record.document
        return line(columns.map { cell(document[$0]) })
    }

    private static func cell(_ value: JSONValue?) -> String {
        switch value {
        case nil: ""
        case .string(let text)?: text
        case let value?: String(decoding: JSONSerializer.bytes(value), as: UTF8.self)
        }
    }

    private static func line(_ cells: [String]) -> [UInt8] {
        Array((cells.map(escaped).joined(separator: ",") + "\r\n").utf8)
    }

    /// Returns the cell in CSV form. Adds an apostrophe in front of a cell that a spreadsheet would treat as a formula
    /// (https://owasp.org/www-community/attacks/CSV_Injection).
    private static func escaped(_ cell: String) -> String {
        var cell = cell
        if let first = cell.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) {
            cell = "'" + cell
        }
        guard cell.utf8.contains(where: { ",\"\r\n".utf8.contains($0) }) else { return cell }
        return "\"" + cell.replacing("\"", with: "\"\"") + "\""
    }
}
