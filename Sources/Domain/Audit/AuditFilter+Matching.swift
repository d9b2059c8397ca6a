import Documents

extension AuditFilter {
    /// Whether the row is one of those that are asked for.
    package func matches(_ record: AuditRecord) -> Bool {
        matchesObject(record) && matchesActor(record) && matchesRequest(record)
            && matchesOutcome(record) && isInRange(record) && matchesNetworks(record)
            && !(leavesOutReads && record.verb == .read)
            && matchesField(record) && (text.map { $0.matches(record) } ?? true)
    }

    private func matchesObject(_ record: AuditRecord) -> Bool {
        (kind.map(record.entry.isAbout) ?? true) && Self.isEqual(name, record.name)
            && Self.isEqual(region, record.region) && Self.isEqual(key, record.key)
            && Self.isEqual(revision, record.revision) && Self.isEqual(epoch, record.epoch)
            && Self.isEqual(clusterID, record.clusterID) && Self.isEqual(change, record.changeID)
    }

    private func matchesActor(_ record: AuditRecord) -> Bool {
        Self.isEqual(actor, record.actor) && Self.isEqual(origin, record.origin)
            && Self.isEqual(authentication, record.authentication)
            && Self.isEqual(clientAddress, record.clientAddress)
            && Self.isEqual(userAgent, record.userAgent)
            && (role.map { Self.strings(record.roles).contains($0) } ?? true)
    }

    private func matchesRequest(_ record: AuditRecord) -> Bool {
        Self.isEqual(requestID, record.requestID) && Self.isEqual(reason, record.reason)
            && Self.isEqual(ticket, record.ticket)
            && Self.isEqual(idempotencyKeyHash, record.idempotencyKeyHash)
            && (trace.map { Self.isTrace($0, record.traceParent) } ?? true)
    }

    private func matchesOutcome(_ record: AuditRecord) -> Bool {
        Self.isEqual(verb, record.verb) && Self.isEqual(outcome, record.outcome)
            && Self.isEqual(status, record.status.map(Int64.init))
            && Self.isEqual(problem, record.problem) && Self.isEqual(isDryRun, record.isDryRun)
            && Self.isEqual(isAfterGap, record.isAfterGap)
    }

    private func isInRange(_ record: AuditRecord) -> Bool {
        (since.map { record.time >= $0 } ?? true) && (until.map { record.time < $0 } ?? true)
            && (lastSeq.map { record.seq <= $0 } ?? true)
    }

    /// Whether the row touches a network that is asked for.
    package func matchesNetworks(_ record: AuditRecord) -> Bool {
        guard let network else { return true }
        return Self.strings(record.cidrs).contains { text in
            (try? CIDR(parsing: text)).map(network.matches) ?? false
        }
    }

    /// Whether the row changes the place that is asked for.
    package func matchesField(_ record: AuditRecord) -> Bool {
        guard let field else { return true }
        let (before, after) = (Self.document(record.before), Self.document(record.after))
        if field.differs(before, after) { return true }
        guard record.entry.isAbout(kind: CrossRegionPolicy.kind) else { return false }
        return field.differs(
            before.flatMap(CrossRegionPolicy.source), after.flatMap(CrossRegionPolicy.source))
    }

    private static func isEqual<Value: Equatable>(_ asked: Value?, _ value: Value?) -> Bool {
        asked == nil || asked == value
    }

    private static func isTrace(_ asked: String, _ traceParent: String?) -> Bool {
        guard let traceParent else { return false }
        guard isTraceID(asked) else { return traceParent == asked }
        let parts = traceParent.split(separator: "-")
        return parts.count > 1 && parts[1] == asked
    }

    private static func strings(_ text: String?) -> [String] {
        (document(text)?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private static func document(_ text: String?) -> JSONValue? {
        text.map { (try? JSONParser.parse(Array($0.utf8))) ?? .string($0) }
    }
}
