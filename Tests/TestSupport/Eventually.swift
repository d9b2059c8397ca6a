/// Reports that a condition did not become true in time.
package struct NeverHappened: Error, CustomStringConvertible {
    package let description: String
}

/// Checks `condition` repeatedly until it is true. Throws `NeverHappened` if it does not become true within
/// `timeout`.
package func eventually(
    _ what: String, timeout: Duration = .seconds(60), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + timeout
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            throw NeverHappened(description: "not within \(timeout): \(what)")
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}
