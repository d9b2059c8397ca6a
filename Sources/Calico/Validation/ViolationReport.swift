import Documents
import Domain

/// Collects violations. A field that could not even be decoded is not judged a second time.
struct ViolationReport {
    private(set) var violations: ViolationList
    private let undecoded: Set<String>

    /// Starts from what decoding found.
    init(decoding violations: ViolationList) {
        self.violations = violations
        undecoded = Set(violations.map(\.pointer))
    }

    /// Adds a violation, unless decoding has already refused the same place.
    mutating func add(_ rule: RuleID, at pointer: String, _ message: String) {
        guard !undecoded.contains(pointer) else { return }
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }
}
