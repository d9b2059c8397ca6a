import Foundation

/// An error that means that a fault test could not do its work. It says nothing about the server.
struct FaultTestError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The `policy-server` program that the tests run.
enum ServerExecutable {
    /// Returns the program that TEST_POLICY_SERVER names, or `policy-server` in the folder of build products that
    /// contains this test.
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
        // The process may be a test runner in the folder of the toolchain. The build products are then searched below
        // the current folder.
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
