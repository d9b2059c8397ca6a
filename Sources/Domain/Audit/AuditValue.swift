/// The value of one column of a row.
package enum AuditValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)
    case hash(AuditHash)
}

extension AuditColumn {
    package func value(of record: AuditRecord) -> AuditValue {
        var record = record
        return read(&record)
    }

    /// Returns the value of the column in `record`. The parameter is `inout`, because a key path that is applied to a
    /// constant copies the whole row first and takes four times as long. Speed matters, because appending a row reads
    /// all of its columns.
    fileprivate func read(_ record: inout AuditRecord) -> AuditValue {
        func get<Value>(_ value: inout Value) -> Value { value }
        return switch content {
        case .seq: .integer(record.seq)
        case .previousHash: .hash(record.previousHash)
        case .hash: .hash(record.hash)
        case .time: .integer(record.entry.time.microseconds)
        case .origin: .text(record.entry.origin.rawValue)
        case .verb: .text(record.entry.verb.rawValue)
        case .outcome: .text(record.entry.outcome.rawValue)
        case .text(let path): .text(get(&record.entry[keyPath: path]))
        case .optionalText(let path):
            get(&record.entry[keyPath: path]).map(AuditValue.text) ?? .null
        case .optionalInteger(let path):
            get(&record.entry[keyPath: path]).map(AuditValue.integer) ?? .null
        case .flag(let path): .integer(get(&record.entry[keyPath: path]) ? 1 : 0)
        case .rareFlag(let path): get(&record.entry[keyPath: path]) ? .integer(1) : .null
        }
    }

    /// Sets the column of `record` to `value`. Returns false if no version of this program writes `value` in this
    /// column.
    package func put(_ value: AuditValue, into record: inout AuditRecord) -> Bool {
        switch (content, value) {
        case (.seq, .integer(let seq)): record.seq = seq
        case (.previousHash, .hash(let hash)): record.previousHash = hash
        case (.hash, .hash(let hash)): record.hash = hash
        case (.time, .integer(let time)): record.entry.time = Timestamp(microseconds: time)
        case (.origin, .text(let word)):
            guard let origin = AuditRecord.Origin(rawValue: word) else { return false }
            record.entry.origin = origin
        case (.verb, .text(let word)):
            guard let verb = AuditRecord.Verb(rawValue: word) else { return false }
            record.entry.verb = verb
        case (.outcome, .text(let word)):
            guard let outcome = AuditRecord.Outcome(rawValue: word) else { return false }
            record.entry.outcome = outcome
        case (.text(let path), .text(let text)): record.entry[keyPath: path] = text
        case (.optionalText(let path), .text(let text)): record.entry[keyPath: path] = text
        case (.optionalInteger(let path), .integer(let number)):
            record.entry[keyPath: path] = number
        case (.flag(let path), .integer(let number)) where number == 0 || number == 1:
            record.entry[keyPath: path] = number == 1
        case (.rareFlag(let path), .integer(1)): record.entry[keyPath: path] = true
        case (.optionalText, .null), (.optionalInteger, .null), (.rareFlag, .null): break
        default: return false
        }
        return true
    }
}

extension AuditRecord {
    /// The value of every column, in the order of `AuditColumn.all`.
    package var values: [AuditValue] {
        var record = self
        return AuditColumn.all.map { $0.read(&record) }
    }

    /// Creates a row from the values of its columns. `value` returns the value of a column. If no version of this
    /// program writes that value, the initializer throws the error that `refuse` returns.
    package init<Failure: Error>(
        _ value: (_ index: Int, AuditColumn) throws(Failure) -> AuditValue,
        refuse: (_ index: Int, AuditColumn) -> Failure
    ) throws(Failure) {
        self.init(
            seq: 0,
            entry: Draft(
                time: Timestamp(microseconds: 0), origin: .system, actor: "", verb: .observe,
                kind: "", name: ""),
            previousHash: .zero, hash: .zero)
        for (index, column) in AuditColumn.all.enumerated() {
            guard column.put(try value(index, column), into: &self) else {
                throw refuse(index, column)
            }
        }
    }
}
