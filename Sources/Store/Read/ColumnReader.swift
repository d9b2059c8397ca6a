import Foundation
import GRDB

/// Reads columns by position. Throws an error if a column holds a value of another type, as in a damaged or altered
/// file. GRDB's typed subscripts would end the process.
struct ColumnReader {
    let row: Row
    /// The name of the row in errors.
    let label: String

    func integer(_ index: Int) throws -> Int64 {
        guard case .int64(let value) = storage(index) else { throw unreadable(index) }
        return value
    }

    func text(_ index: Int) throws -> String {
        guard case .string(let value) = storage(index) else { throw unreadable(index) }
        return value
    }

    func blob(_ index: Int) throws -> Data {
        guard case .blob(let value) = storage(index) else { throw unreadable(index) }
        return value
    }

    func optionalInteger(_ index: Int) throws -> Int64? {
        if case .null = storage(index) { nil } else { try integer(index) }
    }

    func optionalText(_ index: Int) throws -> String? {
        if case .null = storage(index) { nil } else { try text(index) }
    }

    func unreadable(_ index: Int) -> StoreError {
        let column = Array(row.columnNames)[index]
        return StoreError(
            code: .corrupt,
            message: "\(label): column \(column) holds \(row[index] as DatabaseValue)")
    }

    private func storage(_ index: Int) -> DatabaseValue.Storage {
        (row[index] as DatabaseValue).storage
    }
}
