import Foundation
import TestSupport

/// The keys that Calico uses for the objects of these tests.
enum Calico {
    private static let root = "/calico/resources/v3/projectcalico.org/"

    static func policy(_ name: String) -> String { root + "globalnetworkpolicies/" + name }

    static func subnet(_ name: String) -> String { root + "globalnetworksets/subnet.west." + name }
}

extension EtcdProcess {
    /// Returns the value of `key`, which must exist.
    func value(_ key: String) async throws -> String {
        let text = try await etcdctl("get", key, "--print-value-only")
        return text.trimmingCharacters(in: .newlines)
    }

    /// Returns the revision of the newest key below `/calico`, which includes the keys of Calico and of the server.
    /// Deletions do not count, because a deleted key has no revision.
    func newestCalicoRevision() async throws -> Int {
        let output = try await etcdctl(
            "get", "--prefix", "/calico", "--sort-by", "MODIFY", "--order", "DESCEND", "--limit",
            "1", "--keys-only", "--write-out", "json")
        let answer = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        let keys = answer?["kvs"] as? [[String: Any]]
        return keys?.first?["mod_revision"] as? Int ?? 0
    }

    /// Compacts etcd up to its current revision. Returns that revision.
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
