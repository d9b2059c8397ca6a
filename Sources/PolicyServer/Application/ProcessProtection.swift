#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps what the process writes and knows from the other users of the machine.
enum ProcessProtection {
    /// Lets only the owner have access to new files, and turns off core dumps, which would contain passwords and keys.
    ///
    /// Applies to all commands and to the processes that they start.
    static func begin() {
        umask(0o077)
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // The limit may always be lowered, so the call cannot fail.
        _ = setrlimit(core, &none)
    }

    #if canImport(Glibc)
        private static let core = __rlimit_resource_t(RLIMIT_CORE.rawValue)
    #else
        private static let core = RLIMIT_CORE
    #endif
}
