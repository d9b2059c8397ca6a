import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why an address cannot be listened on, in the operating system's words.
package struct ListenError: Error, CustomStringConvertible {
    package let address: ListenAddress
    package let reason: String

    init(address: ListenAddress, cause: any Error) {
        self.address = address
        let text = (cause as? IOError).flatMap { strerror($0.errnoCode) }
        reason = text.map { String(cString: $0) } ?? "\(cause)"
    }

    package var description: String { "cannot listen on \(address): \(reason)" }
}

/// A listener that took connections has ended although nobody asked it to.
package struct ListenerFailure: Error, CustomStringConvertible {
    package let address: ListenAddress

    package var description: String {
        "the listener on \(address) has failed; nobody could reach the server there any more"
    }
}
