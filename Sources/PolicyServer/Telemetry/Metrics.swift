import Calico
package import ControlPlane
package import HTTPCore

/// Everything that `/metrics` shows.
package struct Metrics: Sendable {
    package let requests = RequestMetrics()
    private let process = ProcessMetrics()
    private let load: ServerLoad
    private let log: LogOutput

    /// - `load`: what the HTTP server carries.
    package init(load: ServerLoad = ServerLoad(), log: LogOutput = .standardError) {
        self.load = load
        self.log = log
    }

    /// Prometheus' text format, with the state of the control plane at this moment.
    package func text(
        _ health: ControlPlaneHealth, checkpoints: Checkpoints.Status
    ) -> String {
        var text = PrometheusText()
        text.family("policy_server_info", .gauge, "What runs here.")
        text.sample("policy_server_info", [("version", Version.number)], 1)
        requests.write(to: &text)
        load.write(to: &text)
        text.single(
            "policy_server_log_lines_dropped_total", .counter,
            "Lines of the log that were dropped since nobody took them.",
            Double(log.droppedLines))
        write(health, to: &text)
        write(checkpoints, to: &text)
        process.write(to: &text)
        return text.text
    }

    private func write(_ checkpoints: Checkpoints.Status, to text: inout PrometheusText) {
        text.single(
            "policy_server_audit_checkpoint_rows", .gauge,
            "Rows of the ledger under the newest signed checkpoint.", Double(checkpoints.signed))
        text.single(
            "policy_server_audit_anchored_rows", .gauge,
            "Rows of the ledger under the checkpoint in etcd.", Double(checkpoints.anchored))
        text.single(
            "policy_server_audit_mismatches", .gauge,
            "Checkpoints in etcd that the ledger turned out not to agree with.",
            Double(checkpoints.mismatches))
        text.single(
            "policy_server_audit_predecessors", .gauge,
            "Ledgers whose place this one took and whose checkpoints etcd holds.",
            Double(checkpoints.predecessors.count))
    }

    private func write(_ stored: FindingSummary, to text: inout PrometheusText) {
        text.family(
            "policy_server_stored_findings", .gauge,
            "Findings about stored values that are not what they look like.")
        let counts = Dictionary(uniqueKeysWithValues: stored.counts.map { ($0.code, $0.count) })
        for code in StoredFindingCode.allCases {
            text.sample(
                "policy_server_stored_findings",
                [("code", code.rawValue), ("severity", code.severity.rawValue)],
                Double(counts[code] ?? 0))
        }
        text.family(
            "policy_server_stored_policies", .gauge,
            "Policies of the default tier, by whether they are stored with its prefix.")
        text.sample(
            "policy_server_stored_policies", [("naming", "tiered")],
            Double(stored.prefixedPolicies))
        text.sample(
            "policy_server_stored_policies", [("naming", "plain")], Double(stored.plainPolicies))
    }

    private func write(_ health: ControlPlaneHealth, to text: inout PrometheusText) {
        text.family("policy_server_part_healthy", .gauge, "1 when the part is in order.")
        let parts = [("etcd", health.etcd), ("ledger", health.ledger), ("mirror", health.mirror)]
        for (name, part) in parts {
            text.sample("policy_server_part_healthy", [("part", name)], part.isHealthy ? 1 : 0)
        }
        write(health.stored, to: &text)
        text.single(
            "policy_server_applied_revision", .gauge, "Last etcd revision that reads show.",
            Double(health.appliedRevision))
        text.single(
            "policy_server_audited_revision", .gauge, "Last etcd revision in the ledger.",
            Double(health.auditedRevision))
        text.single(
            "policy_server_audit_lag_revisions", .gauge,
            "Revisions shown but not yet in the ledger.",
            Double(max(0, health.appliedRevision - health.auditedRevision)))
    }
}
