import HTTPCore
import Synchronization

extension ServerLoad {
    /// What the HTTP server carries, and what it had to turn away.
    func write(to text: inout PrometheusText) {
        text.single(
            "policy_server_http_connections", .gauge, "Open client connections.",
            Double(connections.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_requests_in_hand", .gauge,
            "Requests whose answer is not out.", Double(requests.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_body_memory_bytes", .gauge,
            "Bytes of --max-body-memory that request bodies take.", Double(bodies.held))
        text.single(
            "policy_server_http_answer_memory_bytes", .gauge,
            "Bytes of --max-answer-memory that answers take which clients have not read.",
            Double(answers.held))
        text.single(
            "policy_server_http_evicted_connections_total", .counter,
            "Connections closed to make room for others.",
            Double(evictions.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_refused_connections_total", .counter,
            "Connections turned away since there were too many.",
            Double(refusedConnections.load(ordering: .relaxed)))
        text.single(
            "policy_server_http_busy_total", .counter,
            "Requests refused since their body or answer found no room in memory.",
            Double(refusedRequests.load(ordering: .relaxed)))
    }
}
