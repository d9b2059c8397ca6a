/// A query parameter that selects rows by the value of a column.
package struct AuditColumnFilter: Sendable {
    /// A key path to a property of a filter.
    package typealias Path<Value> = any WritableKeyPath<AuditFilter, Value?> & Sendable

    /// The condition on the column.
    package enum Question: Sendable {
        /// A string that the column must equal.
        case text(Path<String>)
        case integer(Path<Int64>)
        case flag(Path<Bool>)
        case origin, verb, outcome
        /// A kind, compared by `AuditRecord.Draft.isAbout(kind:)`.
        case kind(Path<String>)
        /// A role, which must be in the column's JSON array of roles.
        case role(Path<String>)
        /// A whole `traceparent` that the column must equal, or a trace id that must be in the column's `traceparent`.
        case trace(Path<String>)
        /// A principal, which must be the value of `requestedBy` in the column's JSON object.
        case requester(Path<String>)
    }

    /// The query parameter of the API.
    package let parameter: String
    package let question: Question
    /// A description of the parameter's valid values, for error messages; nil if any string is valid, or if the
    /// endpoint checks the parameter in another way.
    package let expected: String?
    /// The numbers that a row can have in this column.
    package let range: ClosedRange<Int64>

    private init(
        _ parameter: String, _ question: Question, expected: String? = nil,
        in range: ClosedRange<Int64> = 1...Int64.max
    ) {
        self.parameter = parameter
        self.question = question
        self.expected = expected
        self.range = range
    }

    static let origin = AuditColumnFilter("origin", .origin)
    static let verb = AuditColumnFilter("verb", .verb)
    static let outcome = AuditColumnFilter("outcome", .outcome)

    static func text(
        _ parameter: String, _ path: Path<String>, expected: String? = nil
    ) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .text(path), expected: expected)
    }

    static func number(
        _ parameter: String, _ path: Path<Int64>, in range: ClosedRange<Int64> = 1...Int64.max
    ) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .integer(path), in: range)
    }

    static func flag(_ parameter: String, _ path: Path<Bool>) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .flag(path))
    }

    static func kind(_ parameter: String, _ path: Path<String>) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .kind(path))
    }

    static func role(_ parameter: String, _ path: Path<String>) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .role(path))
    }

    static func trace(_ parameter: String, _ path: Path<String>) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .trace(path))
    }

    static func requester(_ parameter: String, _ path: Path<String>) -> AuditColumnFilter {
        AuditColumnFilter(parameter, .requester(path))
    }
}

extension AuditColumn {
    /// Returns the value that `filter` requires in this column. Returns nil if the filter requires no value. Also
    /// returns nil if the column is filtered by kind, role, trace or requester, because `matches` does not compare
    /// these with the whole value of the column.
    package func asked(_ filter: AuditFilter) -> AuditValue? {
        switch self.filter?.question {
        case .text(let path): filter[keyPath: path].map(AuditValue.text)
        case .integer(let path): filter[keyPath: path].map(AuditValue.integer)
        case .flag(let path): filter[keyPath: path].map(flagValue)
        case .origin: filter.origin.map { .text($0.rawValue) }
        case .verb: filter.verb.map { .text($0.rawValue) }
        case .outcome: filter.outcome.map { .text($0.rawValue) }
        case .kind, .role, .trace, .requester, nil: nil
        }
    }

    private func flagValue(_ isSet: Bool) -> AuditValue {
        if case .rareFlag = content { return isSet ? .integer(1) : .null }
        return .integer(isSet ? 1 : 0)
    }

    /// Returns true if the row has the value that `filter` requires in this column, or if `filter` requires no value.
    func matches(_ filter: AuditFilter, _ record: AuditRecord) -> Bool {
        switch self.filter?.question {
        case .kind(let path): filter[keyPath: path].map(record.entry.isAbout) ?? true
        case .role(let path):
            filter[keyPath: path].map { AuditFilter.strings(record.roles).contains($0) } ?? true
        case .trace(let path):
            filter[keyPath: path].map { AuditFilter.isTrace($0, record.traceParent) } ?? true
        case .requester(let path):
            filter[keyPath: path].map { AuditFilter.requester(record.approval) == $0 } ?? true
        default: asked(filter).map { $0 == value(of: record) } ?? true
        }
    }
}
