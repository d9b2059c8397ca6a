import Foundation

/// A reason why a fault test could not do its work, which is no verdict on the server.
struct FaultTestError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The built program that the tests drive.
enum ServerExecutable {
    /// TEST_POLICY_SERVER, or `policy-server` in the folder of build products this test runs from.
    static func locate() throws -> URL {
        if let path = ProcessInfo.processInfo.environment["TEST_POLICY_SERVER"] {
            return try check(URL(fileURLWithPath: path))
        }
        let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        var folder = URL(fileURLWithPath: link ?? CommandLine.arguments[0])
            .deletingLastPathComponent()
        let sibling = folder.appendingPathComponent("policy-server")
        if isProgram(sibling) { return sibling }
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(".build/debug/policy-server")
            if isProgram(candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        // A test bundle may be loaded by a runner that lives with the toolchain.
        let products = URL(
            fileURLWithPath: FileManager.default.currentDirectoryPath + "/.build/debug")
        return try check(products.appendingPathComponent("policy-server"))
    }

    private static func check(_ file: URL) throws -> URL {
        guard isProgram(file) else {
            throw FaultTestError(
                "there is no program at \(file.path): build the product policy-server first, or "
                    + "name one in TEST_POLICY_SERVER")
        }
        return file
    }

    private static func isProgram(_ file: URL) -> Bool {
        var isFolder = ObjCBool(false)
        let exists = FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder)
        return exists && !isFolder.boolValue
            && FileManager.default.isExecutableFile(atPath: file.path)
    }
}
