import Domain

/// Rows about CrossRegionPolicies, those of versions that recorded them under Calico's kind included: what
/// `AuditRecord.Draft.isAbout(kind:)` says, as a condition with an index of its own.
enum CrossRegionRows {
    static let term = SearchTerm(condition, index: "audit_by_cross_region")

    static let schema = "CREATE INDEX audit_by_cross_region ON audit (time) WHERE \(condition);"

    /// In the words of the index: SQLite takes a partial index only for those.
    private static let condition = """
        (kind = '\(CrossRegionPolicy.kind)' OR kind = '\(CrossRegionPolicy.storedKind)' \
        AND (instr(before, '\(mark)') > 0 OR instr(after, '\(mark)') > 0))
        """

    private static let mark = AuditRecord.Draft.sourceMark
}
