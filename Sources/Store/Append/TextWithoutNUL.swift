import Domain

extension String {
    /// The text with U+0000 shown as U+2400: SQLite's text ends at the first NUL, so what stood behind it
    /// would be lost, and an outside writer may put one into a key.
    package var withoutNUL: String {
        guard utf8.contains(0) else { return self }
        var clean = ""
        for scalar in unicodeScalars {
            clean.unicodeScalars.append(scalar == "\0" ? "\u{2400}" : scalar)
        }
        return clean
    }
}

extension AuditRecord.Draft {
    /// Every text made fit for SQLite.
    var withoutNUL: AuditRecord.Draft {
        var draft = self
        let texts: [WritableKeyPath<AuditRecord.Draft, String>] = [\.actor, \.kind, \.name]
        for path in texts { draft[keyPath: path] = draft[keyPath: path].withoutNUL }
        let optionalTexts: [WritableKeyPath<AuditRecord.Draft, String?>] = [
            \.region, \.clusterID, \.changeID, \.clientAddress, \.requestID, \.reason, \.detail,
            \.before, \.after, \.authentication, \.roles, \.userAgent, \.traceParent,
            \.idempotencyKeyHash, \.ticket, \.key, \.cidrs, \.problem, \.warnings, \.sourceLedger,
            \.sourceHash,
        ]
        for path in optionalTexts { draft[keyPath: path] = draft[keyPath: path]?.withoutNUL }
        return draft
    }
}
