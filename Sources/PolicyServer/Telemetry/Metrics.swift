import Calico
package import ControlPlane
package import Domain
import FoundationEssentials
package import HTTPCore
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The metrics that `/metrics` shows.
package struct Metrics: Sendable {
    package let requests = RequestMetrics()
    private let process = ProcessMetrics()
    private let load: ServerLoad
    /// The certificates of the TLS listeners; nil without TLS.
    let tls: TLSCredentials?
    let proxies: TrustedProxies
    private let log: LogOutput
    private let libraries: LibraryMetrics

    /// - Parameters:
    ///   - load: The counters of the HTTP server.
    ///   - tls: The certificates of the TLS listeners; nil without TLS.
    ///   - proxies: The trusted proxies in front of the server.
    package init(
        load: ServerLoad = ServerLoad(), tls: TLSCredentials? = nil,
        proxies: TrustedProxies = TrustedProxies(), log: LogOutput = .standardError,
        libraries: LibraryMetrics = .shared
    ) {
        self.load = load
        self.tls = tls
        self.proxies = proxies
        self.log = log
        self.libraries = libraries
    }

    /// Returns all metrics in Prometheus' text format. Includes the current state of the control plane.
    ///
    /// - Parameters:
    ///   - overrides: The number of changes that needed a second person but were applied on this server without one.
    ///   - pending: The number of changes that wait for a second person.
    ///   - failures: The number of refused credentials of each method of authentication.
    ///   - stages: The durations of the stages of accepted writes.
    package func text(
        _ health: ControlPlaneHealth, checkpoints: Checkpoints.Status, overrides: Int = 0,
        pending: Int = 0, failures: [(method: AuthenticationMethod, count: Int)] = [],
        stages: WriteStages.Snapshot = WriteStages.Snapshot()
    ) -> String {
        var text = PrometheusText()
        text.family(
            "policy_server_info", .gauge, "Always 1; the label is the version of this server.")
        text.sample("policy_server_info", [("version", Version.number)], 1)
        requests.write(to: &text)
        write(stages, to: &text)
        text.single(
            "policy_server_break_glass_total", .counter,
            "Changes that need two persons but were made by one.", Double(overrides))
        text.single(
            "policy_server_pending_changes", .gauge,
            "Changes that wait for a second person.", Double(pending))
        text.family(
            "policy_server_authentication_failures_total", .counter,
            "Requests whose credential was refused.")
        for (method, count) in failures {
            text.sample(
                "policy_server_authentication_failures_total", [("method", method.rawValue)],
                Double(count))
        }
        load.write(to: &text)
        text.single(
            "policy_server_forwarded_malformed_total", .counter,
            "Requests from trusted proxies with a forwarded client address that could not be used.",
            Double(proxies.malformed.value))
        tls?.status.write(to: &text)
        text.single(
            "policy_server_log_lines_dropped_total", .counter,
            "Log lines that were dropped, because nothing read them in time.",
            Double(log.droppedLines))
        write(health, to: &text)
        write(checkpoints, to: &text)
        process.write(to: &text)
        libraries.write(to: &text)
        return text.text
    }

    private func write(_ stages: WriteStages.Snapshot, to text: inout PrometheusText) {
        let name = "policy_server_write_stage_seconds"
        text.family(name, .histogram, "Seconds that accepted writes spent in each stage.")
        for stage in WriteStage.allCases {
            text.samples(name, [("stage", stage.rawValue)], stages[stage])
        }
        let batches = "policy_server_write_batch_changes"
        text.family(
            batches, .histogram, "Number of changes in each transaction that was sent to etcd.")
        text.samples(batches, [], stages.batches)
    }

    private func write(_ checkpoints: Checkpoints.Status, to text: inout PrometheusText) {
        text.single(
            "policy_server_audit_checkpoint_rows", .gauge,
            "Number of ledger rows that the newest signed checkpoint covers.",
            Double(checkpoints.signed))
        text.single(
            "policy_server_audit_anchored_rows", .gauge,
            "Number of ledger rows that the checkpoint in etcd covers.",
            Double(checkpoints.anchored))
        text.single(
            "policy_server_audit_mismatches", .gauge,
            "Checkpoints in etcd that the ledger contradicts.",
            Double(checkpoints.mismatches))
        text.single(
            "policy_server_audit_predecessors", .gauge,
            "Ledgers that this ledger replaced and whose checkpoints are in etcd.",
            Double(checkpoints.predecessors.count))
    }

    private func write(_ stored: FindingSummary, to text: inout PrometheusText) {
        text.family(
            "policy_server_stored_findings", .gauge,
            "Findings: stored values that Felix or this server reads differently or not at all."
        )
        let counts = Dictionary(uniqueKeysWithValues: stored.counts.map { ($0.code, $0.count) })
        for code in StoredFindingCode.allCases {
            text.sample(
                "policy_server_stored_findings",
                [("code", code.rawValue), ("severity", code.severity.rawValue)],
                Double(counts[code] ?? 0))
        }
        text.family(
            "policy_server_stored_policies", .gauge,
            "Policies of the default tier, stored with the tier's prefix (tiered) or without it (plain)."
        )
        text.sample(
            "policy_server_stored_policies", [("naming", "tiered")],
            Double(stored.prefixedPolicies))
        text.sample(
            "policy_server_stored_policies", [("naming", "plain")], Double(stored.plainPolicies))
    }

    private func write(_ health: ControlPlaneHealth, to text: inout PrometheusText) {
        text.family("policy_server_part_healthy", .gauge, "1 if the part is healthy.")
        let parts = [("etcd", health.etcd), ("ledger", health.ledger), ("mirror", health.mirror)]
        for (name, part) in parts {
            text.sample("policy_server_part_healthy", [("part", name)], part.isHealthy ? 1 : 0)
        }
        write(health.stored, to: &text)
        text.single(
            "policy_server_applied_revision", .gauge,
            "Newest etcd revision that is visible to reads.",
            Double(health.appliedRevision))
        text.single(
            "policy_server_audited_revision", .gauge, "Newest etcd revision in the ledger.",
            Double(health.auditedRevision))
        text.single(
            "policy_server_audit_lag_revisions", .gauge,
            "Number of revisions that are visible to reads but not in the ledger yet.",
            Double(max(0, health.appliedRevision - health.auditedRevision)))
    }
}

extension ServerLoad {
    /// Writes the current load of the HTTP server and the number of its refusals.
    func write(to text: inout PrometheusText) {
        text.single(
            "policy_server_http_connections", .gauge, "Client connections that are open.",
            Double(connections.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_requests_in_hand", .gauge,
            "Requests that are not answered yet.", Double(requests.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_body_memory_bytes", .gauge,
            "Bytes of --max-body-memory in use by request bodies.", Double(bodies.held))
        text.single(
            "policy_server_http_answer_memory_bytes", .gauge,
            "Bytes of --max-answer-memory in use by answers that clients have not read.",
            Double(answers.held))
        text.single(
            "policy_server_http_evicted_connections_total", .counter,
            "Client connections that were closed to make room for others.",
            Double(evictions.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_refused_connections_total", .counter,
            "Client connections that were refused because there were too many.",
            Double(refusedConnections.load(ordering: .relaxed)))
        text.single(
            "policy_server_tls_failed_handshakes_total", .counter,
            "TLS handshakes that failed on the server's or on the client's side.",
            Double(failedHandshakes.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_busy_total", .counter,
            "Requests that were refused because their body or answer did not fit in memory.",
            Double(refusedRequests.load(ordering: .relaxed)))
    }
}

extension TLSCredentials.Status {
    /// Writes the number of reloads, and the times until which the certificate and the revocation lists are valid.
    func write(to text: inout PrometheusText) {
        text.family(
            "policy_server_tls_reloads_total", .counter,
            "Reloads of the TLS files, by their result.")
        text.sample("policy_server_tls_reloads_total", [("result", "ok")], Double(reloads))
        text.sample("policy_server_tls_reloads_total", [("result", "failed")], Double(failures))
        text.single(
            "policy_server_tls_reload_failing", .gauge,
            "1 when the newest TLS files cannot be used and earlier ones are in use.",
            problem == nil ? 0 : 1)
        text.single(
            "policy_server_tls_certificate_not_after_seconds", .gauge,
            "Time at which the server's certificate expires, in seconds since 1970.", notAfter)
        if let revocationsNextUpdate {
            text.single(
                "policy_server_tls_revocations_next_update_seconds", .gauge,
                "Time at which the revocation lists should be replaced, in seconds since 1970.",
                revocationsNextUpdate)
        }
    }
}

/// The metrics of the process. Names that begin with `process_` have the same meaning as in Prometheus' client
/// libraries.
struct ProcessMetrics: Sendable {
    /// The time at which the process started, in seconds since 1970.
    let startTime: Double

    init(startTime: Double = Date().timeIntervalSince1970) { self.startTime = startTime }

    func write(to text: inout PrometheusText) {
        text.single(
            "process_start_time_seconds", .gauge,
            "Time at which the process started, in seconds since 1970.",
            startTime)
        text.single(
            "policy_server_uptime_seconds", .gauge, "Seconds since the process started.",
            Date().timeIntervalSince1970 - startTime)
        if let resident = MemoryTrimmer.residentMemory() {
            text.single(
                "process_resident_memory_bytes", .gauge, "Resident memory in bytes.",
                Double(resident))
        }
        text.single(
            "process_cpu_seconds_total", .counter, "User and system CPU time in seconds.",
            Self.cpuSeconds)
    }

    private static var cpuSeconds: Double {
        // `clock()` counts millionths of a second, because POSIX requires CLOCKS_PER_SEC to be one million.
        Double(clock()) * 1e-6
    }
}
