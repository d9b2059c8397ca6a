import Foundation
import TestSupport

/// The journal entries in etcd, read with etcdctl.
struct Journal: Sendable {
    struct Entry: Sendable {
        var revision: Int
        var isAccepted: Bool
    }

    private static let prefix = "/calico-policy-server/v1/journal/"

    /// The entries by change id.
    let entries: [String: Entry]

    init(_ etcd: EtcdProcess) async throws {
        let output = try await etcd.etcdctl("get", "--prefix", Self.prefix, "--write-out", "json")
        let answer = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        var entries: [String: Entry] = [:]
        for stored in answer?["kvs"] as? [[String: Any]] ?? [] {
            guard let key = Self.bytes(stored["key"]), let value = Self.bytes(stored["value"]),
                let revision = stored["mod_revision"] as? Int,
                let entry = try JSONSerialization.jsonObject(with: value) as? [String: Any]
            else { throw FaultTestError("not a journal entry: \(stored)") }
            let id = String(decoding: key, as: UTF8.self).dropFirst(Self.prefix.count)
            entries[String(id)] = Entry(
                revision: revision, isAccepted: entry["status"] as? String == "accepted")
        }
        self.entries = entries
    }

    var accepted: [String: Entry] { entries.filter { $0.value.isAccepted } }

    /// The revision of the newest accepted change; 0 if there are no accepted changes.
    var newestRevision: Int { accepted.values.map(\.revision).max() ?? 0 }

    private static func bytes(_ base64: Any?) -> Data? {
        (base64 as? String).flatMap { Data(base64Encoded: $0) }
    }
}
