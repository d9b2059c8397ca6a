import Foundation

/// Ports of 127.0.0.1.
enum LoopbackPort {
    /// Two ports that nobody listens on now.
    static func freePair() throws -> (Int, Int) {
        let first = try bound()
        defer { close(first.socket) }
        let second = try bound()
        defer { close(second.socket) }
        return (first.port, second.port)
    }

    /// Whether somebody takes connections on `port`.
    static func accepts(_ port: Int) -> Bool {
        let socket = open()
        guard socket >= 0 else { return false }
        defer { close(socket) }
        return withAddress(port: port) { connect(socket, $0, $1) } == 0
    }

    private static func bound() throws -> (socket: Int32, port: Int) {
        let socket = open()
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = socket >= 0 && withAddress(port: 0) { bind(socket, $0, $1) } == 0
        let hasName =
            isBound
            && withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    getsockname(socket, $0, &length)
                }
            } == 0
        guard hasName else {
            close(socket)
            throw StartFailure("no free port on 127.0.0.1 for etcd")
        }
        return (socket, Int(UInt16(bigEndian: address.sin_port)))
    }

    private static func open() -> Int32 {
        socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    }

    private static func withAddress(
        port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
