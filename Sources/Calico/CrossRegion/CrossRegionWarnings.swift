package import Documents
package import Domain

extension CrossRegionCompiler {
    /// Warnings about a policy that is valid: those of `PolicyLinter` about what it has become, with
    /// pointers into the client's document, and about names that a label cannot hold.
    package static func warnings(
        _ policy: CrossRegionPolicy, compiled: [CompiledPolicy], knownRegions: Set<String>?
    ) -> [Violation] {
        let found = nameWarnings(policy) + compiled.flatMap { lint($0, knownRegions) }
        var seen: Set<Violation> = []
        return found.filter { seen.insert($0).inserted }
    }

    private static func lint(
        _ compiled: CompiledPolicy, _ knownRegions: Set<String>?
    ) -> [Violation] {
        PolicyLinter.lint(compiled.judged, knownRegions: knownRegions)
            .filter { !compiled.origins.isCopy($0.pointer) }
            .map { warning in
                Violation(
                    pointer: compiled.sourcePointer(of: warning.pointer), rule: warning.rule,
                    message: inSourceTerms(warning.message, compiled))
            }
    }

    /// A message may name another place of the compiled policy.
    private static func inSourceTerms(_ message: String, _ compiled: CompiledPolicy) -> String {
        message.split(separator: " ", omittingEmptySubsequences: false).map { word in
            word.hasPrefix("/spec/ingress/")
                ? compiled.sourcePointer(of: String(word)) : String(word)
        }.joined(separator: " ")
    }

    private static func nameWarnings(_ policy: CrossRegionPolicy) -> [Violation] {
        (policy.deny + policy.allow).flatMap { [$0.from, $0.to] }.flatMap { peer in
            [peer.securityGroupName, peer.projectName, peer.network].compactMap { name in
                guard let name, name.value.isCut else { return nil }
                return Violation(
                    pointer: name.pointer, rule: .lintNameCut,
                    message: "labels keep only \"\(name.value.label)\" of this name, so everything"
                        + " whose name starts alike is meant; an id is exact")
            }
        }
    }
}
