import Foundation
import TestSupport

/// Calico's keys of what the tests write.
enum Calico {
    private static let root = "/calico/resources/v3/projectcalico.org/"

    static func policy(_ name: String) -> String { root + "globalnetworkpolicies/" + name }

    static func subnet(_ name: String) -> String { root + "globalnetworksets/subnet.west." + name }
}

extension EtcdProcess {
    /// The value of a key that exists.
    func value(_ key: String) async throws -> String {
        let text = try await etcdctl("get", key, "--print-value-only")
        return text.trimmingCharacters(in: .newlines)
    }

    /// The revision of the last write to any key of Calico's or ours. A deletion has none.
    func newestCalicoRevision() async throws -> Int {
        let output = try await etcdctl(
            "get", "--prefix", "/calico", "--sort-by", "MODIFY", "--order", "DESCEND", "--limit",
            "1", "--keys-only", "--write-out", "json")
        let answer = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        let keys = answer?["kvs"] as? [[String: Any]]
        return keys?.first?["mod_revision"] as? Int ?? 0
    }

    /// Forgets the history before the present revision; returns that revision.
    @discardableResult
    func compact() async throws -> Int {
        let output = try await etcdctl("get", "/", "--write-out", "json")
        let answer = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        let header = answer?["header"] as? [String: Any]
        guard let revision = header?["revision"] as? Int else {
            throw FaultTestError("no revision: \(output)")
        }
        try await etcdctl("compaction", "\(revision)")
        return revision
    }
}
