package import ControlPlane
package import Documents
import Domain
package import HTTPCore
import Store

// This file converts results to documents for all answers except answers that show an object.

extension ObjectReference {
    package var document: JSONValue {
        var object = JSONObject()
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
        object["cidr"] = cidr.map(JSONValue.string)
        return .object(object)
    }
}

extension ChangePlan {
    package var document: JSONValue {
        var object = JSONObject()
        object["dryRun"] = true
        object["changes"] = .array(changes.map(\.document))
        WarningList.add(warnings, to: &object)
        return .object(object)
    }
}

extension PlannedChange {
    var document: JSONValue {
        var object = JSONObject()
        object["verb"] = .string(verb.rawValue)
        object["kind"] = .string(kind)
        object["name"] = .string(name.name)
        object["region"] = name.region.map(JSONValue.string)
        object["key"] = .string(key)
        object["before"] = before
        object["after"] = after
        object["diff"] = diff.map { .array($0.map(\.document)) }
        return .object(object)
    }
}

extension AppliedManifest {
    package var document: JSONValue {
        var object = JSONObject()
        object["changeId"] = revision == nil ? nil : .string(changeID.text)
        object["revision"] = revision.map { .number(JSONNumber($0)) }
        object["changes"] = .array(
            objects.map { change in
                var object = JSONObject()
                object["verb"] = .string(change.verb.rawValue)
                object["kind"] = .string(change.kind)
                object["name"] = .string(change.name)
                object["region"] = change.region.map(JSONValue.string)
                return .object(object)
            })
        WarningList.add(warnings, to: &object)
        return .object(object)
    }
}

extension ChangeStatus {
    package var document: JSONValue {
        var object = JSONObject()
        object["id"] = .string(id.text)
        object["status"] = .string(state.rawValue)
        object["revision"] = revision.map { .number(JSONNumber($0)) }
        object["time"] = .string(journal.time)
        object["actor"] = .string(journal.context.actor)
        object["clientAddress"] = journal.context.clientAddress.map(JSONValue.string)
        object["requestId"] = .string(journal.context.requestID)
        object["reason"] = journal.context.reason.map(JSONValue.string)
        object["verb"] = .string(journal.verb)
        object["objects"] = .array(objects.map(\.document))
        object["keys"] = .array(journal.keys.map(JSONValue.string))
        return .object(object)
    }
}

extension ControlPlaneHealth {
    /// Returns the document of `/readyz`.
    ///
    /// The document also shows checkpoints, findings about stored values, the files of authentication, the TLS files,
    /// and other files of secrets. A problem with one of these five does not affect readiness, because the server can
    /// still accept writes.
    ///
    /// - Parameter identity: The state of the files of authentication; nil if the server does not authenticate. If
    ///   `identity` is given, the document contains no details about the other parts. Everyone can read the document,
    ///   and details may contain keys and names of objects.
    package func document(
        checkpoints: Checkpoints.Status, identity: Part? = nil, tls: TLSCredentials.Status? = nil,
        secrets: Part? = nil
    ) -> JSONValue {
        var checks = JSONObject()
        checks["etcd"] = etcd.document
        checks["ledger"] = ledger.document
        checks["mirror"] = mirror.document
        checks["proof"] = checkpoints.document
        checks["stored"] = stored.document
        checks["tls"] = tls?.document
        checks["secrets"] = secrets?.document
        if let identity {
            for (name, check) in checks {
                let isHealthy = check["ok"] == true
                checks[name] =
                    Part(
                        isHealthy: isHealthy, detail: isHealthy ? "in order" : "see the log"
                    ).document
            }
            checks["identity"] = identity.document
        }
        return [
            "ready": .bool(isReady), "checks": .object(checks),
            "appliedRevision": .number(JSONNumber(appliedRevision)),
            "auditedRevision": .number(JSONNumber(auditedRevision)),
        ]
    }
}

extension FindingSummary {
    /// The findings as one part of the server's health. All parts have the same form.
    fileprivate var document: JSONValue {
        ["ok": .bool(total == 0 && !isNamingMixed), "detail": .string(detail)]
    }
}

extension Checkpoints.Status {
    /// The checkpoints as one part of the server's health. All parts have the same form.
    var document: JSONValue {
        var detail = "\(signed) rows signed, \(anchored) anchored in etcd"
        if let problem { detail += "; \(problem)" }
        if mismatches > 0 {
            detail +=
                "; the ledger did not agree with \(mismatches) checkpoint(s) that etcd keeps as "
                + "evidence: see the rows of kind Ledger with the name mismatch"
        }
        for ledger in predecessors {
            detail +=
                "; this ledger replaced ledger \(ledger), whose last checkpoint is in etcd: "
                + "see the rows of kind 'Ledger' with the name 'predecessor'"
        }
        let isSound = mismatches == 0 && predecessors.isEmpty
        return ["ok": .bool(problem == nil && isSound), "detail": .string(detail)]
    }
}

extension TLSCredentials.Status {
    /// The TLS files as one part of the server's health. All parts have the same form. The document does not contain
    /// the paths of the files; the log does.
    fileprivate var document: JSONValue {
        let detail =
            problem == nil
            ? "the files are in use"
            : "the newest files cannot be used, and the earlier ones stay in use; the log has the reason"
        return ["ok": .bool(problem == nil), "detail": .string(detail)]
    }
}

extension ControlPlaneHealth.Part {
    var document: JSONValue { ["ok": .bool(isHealthy), "detail": .string(detail)] }
}

extension ObjectVersion {
    /// The version as the API shows it. Members without a value are left out.
    var document: JSONValue {
        var object = JSONObject()
        object["revision"] = .number(JSONNumber(position.revision))
        object["epoch"] = .number(JSONNumber(position.epoch))
        object["time"] = row.map { .string($0.time.rfc3339) }
        object["seq"] = row.map { .number(JSONNumber($0.seq)) }
        object["changeId"] = row?.changeID.map(JSONValue.string)
        object["actor"] = row.map { .string($0.actor) }
        object["origin"] = row.map { .string($0.origin.rawValue) }
        object["reason"] = row?.reason.map(JSONValue.string)
        object["ticket"] = row?.ticket.map(JSONValue.string)
        object["verb"] = .string(verb.rawValue)
        if row?.isAfterGap == true { object["afterGap"] = true }
        object["document"] = representation
        object["diff"] = diff.map { .array($0.map(\.document)) }
        return .object(object)
    }
}

extension ObjectDifference {
    var document: JSONValue {
        var object = JSONObject()
        object["verb"] = .string(verb.rawValue)
        object["kind"] = .string(kind)
        object["name"] = .string(name)
        object["region"] = region.map(JSONValue.string)
        object["key"] = .string(key)
        object["before"] = before
        object["after"] = after
        object["diff"] = diff.map { .array($0.map(\.document)) }
        return .object(object)
    }
}
