import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The process's own figures, by the names Prometheus' client libraries use.
struct ProcessMetrics: Sendable {
    /// Seconds since 1970 at which the process started to serve.
    let startTime: Double

    init(startTime: Double = Date().timeIntervalSince1970) { self.startTime = startTime }

    func write(to text: inout PrometheusText) {
        text.single(
            "process_start_time_seconds", .gauge, "Start of the process, seconds since 1970.",
            startTime)
        text.single(
            "policy_server_uptime_seconds", .gauge, "Seconds since the process started.",
            Date().timeIntervalSince1970 - startTime)
        if let resident = Self.residentBytes {
            text.single(
                "process_resident_memory_bytes", .gauge, "Resident memory in bytes.",
                Double(resident))
        }
        text.single(
            "process_cpu_seconds_total", .counter, "User and system CPU time in seconds.",
            Self.cpuSeconds)
    }

    /// Second field of `/proc/self/statm` in pages (proc(5)); nil where there is no such file.
    private static var residentBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
            return nil
        }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    private static var cpuSeconds: Double {
        // POSIX fixes CLOCKS_PER_SEC at one million.
        Double(clock()) * 1e-6
    }
}
