package import Foundation

/// The PEM files for one test: the certificates of an authority, of a server for 127.0.0.1 and localhost, and of a
/// client named root. The openssl command creates the files.
package struct EtcdCertificates: Sendable {
    package let directory: URL
    package var ca: String { path("ca.crt") }
    package var serverCertificate: String { path("server.crt") }
    package var serverKey: String { path("server.key") }
    package var clientCertificate: String { path("client.crt") }
    package var clientKey: String { path("client.key") }

    private func path(_ file: String) -> String { directory.appendingPathComponent(file).path }
}

/// Runs `body` with new certificates, and then removes the certificates. `serverNames` must be in OpenSSL's notation
/// of subjectAltName. The server's certificate is valid for `serverDays` days from now. If `serverDays` is negative,
/// the certificate has already expired.
package func withEtcdCertificates<Result: Sendable>(
    serverNames: String = "IP:127.0.0.1,DNS:localhost", serverDays: Int = 2,
    _ body: (EtcdCertificates) async throws -> Result
) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("etcd-certificates-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let certificates = EtcdCertificates(directory: directory)
    try await certificates.make(serverNames: serverNames, serverDays: serverDays)
    return try await body(certificates)
}

extension EtcdCertificates {
    /// Creates another authority, `name`-ca, and the certificates `name`-server and `name`-client that it has signed.
    /// Each has a `.crt` and a `.key` file.
    package func makeAuthority(_ name: String) async throws {
        try await makeAuthority("\(name)-ca", subject: "/CN=\(name) authority")
        try await sign(
            "\(name)-server", subject: "/CN=etcd", usage: "serverAuth,clientAuth",
            names: "IP:127.0.0.1,DNS:localhost", authority: "\(name)-ca")
        try await sign(
            "\(name)-client", subject: "/CN=root", usage: "clientAuth", names: "DNS:client",
            authority: "\(name)-ca")
    }

    /// Replaces the file `name` with the contents of the files `sources`, in one step.
    package func replace(_ name: String, with sources: String...) throws {
        var text = Data()
        for source in sources {
            text += try Data(contentsOf: directory.appendingPathComponent(source))
        }
        let isWritten = FileManager.default.createFile(
            atPath: path(name + ".new"), contents: text, attributes: [.posixPermissions: 0o600])
        guard isWritten, rename(path(name + ".new"), path(name)) == 0 else {
            throw EtcdProcessError("\(path(name)) cannot be written")
        }
    }

    fileprivate func make(serverNames: String, serverDays: Int) async throws {
        try await makeAuthority("ca", subject: "/CN=test authority")
        try await sign(
            "server", subject: "/CN=etcd", usage: "serverAuth,clientAuth",
            names: serverNames, days: serverDays)
        try await sign("client", subject: "/CN=root", usage: "clientAuth", names: "DNS:client")
    }

    private func makeAuthority(_ name: String, subject: String) async throws {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", subject, "-keyout", path("\(name).key"),
            "-out", path("\(name).crt"))
    }

    private func sign(
        _ name: String, subject: String, usage: String, names: String, days: Int = 2,
        authority: String = "ca"
    ) async throws {
        let extensions = "subjectAltName=\(names)\nextendedKeyUsage=\(usage)\n"
        try Data(extensions.utf8).write(to: directory.appendingPathComponent("\(name).ext"))
        try await openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", subject, "-keyout", path("\(name).key"), "-out", path("\(name).csr"))
        try await openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).crt"),
            "-CAkey", path("\(authority).key"),
            "-CAcreateserial", "-days", "\(days)", "-extfile", path("\(name).ext"),
            "-out", path("\(name).crt"))
    }

    private func openssl(_ arguments: String...) async throws {
        try await EtcdCommand("openssl", arguments, package: "openssl").run()
    }
}
