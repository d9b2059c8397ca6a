import Foundation
package import UnixSignals

/// The signals that end the program in good order.
package enum EndSignals {
    /// SIGTERM and SIGINT, and SIGHUP, which a terminal sends when it is closed and which would otherwise end
    /// the process at once. Under `nohup`, which has it ignored from the start, it stays ignored. There is
    /// nothing that SIGHUP could have read again.
    package static func all() -> [UnixSignal] {
        let before = signal(SIGHUP, SIG_IGN)
        if unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            return [.sigterm, .sigint]
        }
        signal(SIGHUP, before)
        return [.sigterm, .sigint, .sighup]
    }
}
