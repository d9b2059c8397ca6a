import Foundation
import Logging

/// The limit on open descriptors that the process should set, and the number of connections that this limit allows.
package struct DescriptorLimit: Equatable {
    /// The soft limit that the process should set.
    package var soft: Int
    /// The maximum number of client connections. It leaves enough descriptors for all other uses.
    package var connections: Int

    /// The number of descriptors that are reserved for SQLite's connections and their logs, etcd, listeners, event
    /// loops and segments. The reserve includes a margin for connections that are being refused.
    package static let reserve = 192

    /// Plans the limits for `connections` client connections, given the current limits `soft` and `hard`. Raises the
    /// soft limit to the number of descriptors needed, but not above the hard limit. Reduces the number of connections
    /// if the raised limit is still too low.
    package init(connections: Int, soft: Int, hard: Int) {
        let wanted = connections + Self.reserve
        self.soft = max(soft, min(wanted, hard))
        // If the soft limit is very low, the reserve is only half of it, so that clients get the other half.
        let reserve = min(Self.reserve, self.soft / 2)
        self.connections = max(1, min(connections, self.soft - reserve))
    }

    /// Raises the descriptor limit of the process if necessary, and logs the change. Returns the number of connections
    /// to accept.
    static func prepare(connections: Int, _ logger: Logger) -> Int {
        var limits = rlimit()
        guard getrlimit(resource, &limits) == 0 else { return connections }
        let before = Int(clamping: limits.rlim_cur)
        var plan = DescriptorLimit(
            connections: connections, soft: before, hard: Int(clamping: limits.rlim_max))
        if plan.soft > before {
            limits.rlim_cur = rlim_t(plan.soft)
            if setrlimit(resource, &limits) == 0 {
                logger.info(
                    "raised the limit of open descriptors",
                    metadata: ["from": "\(before)", "to": "\(plan.soft)"])
            } else {
                plan = DescriptorLimit(connections: connections, soft: before, hard: before)
            }
        }
        if plan.connections < connections {
            logger.warning(
                "the server accepts fewer connections than --max-connections: raise the limit of open descriptors (ulimit -n, LimitNOFILE=)",
                metadata: [
                    "connections": "\(plan.connections)", "max-connections": "\(connections)",
                    "descriptors": "\(plan.soft)",
                ])
        }
        return plan.connections
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
