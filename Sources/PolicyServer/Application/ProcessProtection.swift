#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Protects the files and the memory of this process from other users of the machine.
enum ProcessProtection {
    /// Makes new files accessible to their owner only. Also turns off core dumps, because they would contain passwords
    /// and keys.
    ///
    /// Both rules apply to all commands, and to the processes that they start.
    static func begin() {
        umask(0o077)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // The result is ignored, because a process may always lower its own limit.
        _ = setrlimit(core, &none)
    }

    #if canImport(Glibc)
        private static let core = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    #else
        private static let core = RLIMIT_CORE
    #endif
}
