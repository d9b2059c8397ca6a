import Documents
import Domain
import Etcd
import Synchronization
import TestSupport

/// The changes that etcd reported to a watch of the test, and the states that follow from them. The type does not use
/// the server's ledger.
final class EtcdReplay: Sendable {
    private struct Version {
        var revision: Int64
        /// The value; nil for a deletion.
        var value: [UInt8]?
    }

    private struct State {
        var reached: Int64 = 0
        /// The versions of each key, ascending by revision.
        var versions: [String: [Version]] = [:]
        /// The time of each revision. For a change through the API, the journal entry names it.
        var times: [(revision: Int64, time: Timestamp)] = []
    }

    private static let sets = "/calico/resources/v3/projectcalico.org/globalnetworksets/"
    private static let policies = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
    private static let journal = "/calico-policy-server/v1/journal/"

    private let state = Mutex(State())

    /// Runs `body` while a watch receives every change in etcd from the first revision on.
    static func with(
        _ etcd: EtcdProcess, _ body: (EtcdReplay, EtcdClient) async throws -> Void
    ) async throws {
        let client = try EtcdClient(
            EtcdConfiguration(endpoints: [etcd.clientURL]), logger: .silent)
        let replay = EtcdReplay()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.run() }
            group.addTask {
                try await client.watch(WatchRequest(.prefix("/calico"), startRevision: 1)) {
                    for try await batch in $0 { replay.take(batch.revisions) }
                }
            }
            try await body(replay, client)
            group.cancelAll()
        }
    }

    var reached: Int64 { state.withLock { $0.reached } }

    /// The range from the first change to the last; nil before the first change.
    var span: ClosedRange<Timestamp>? {
        state.withLock { state in
            let times = state.times.map(\.time)
            guard let first = times.min(), let last = times.max() else { return nil }
            return first...last
        }
    }

    /// Records the time of a change by another writer. The change was visible by `time`.
    func note(_ revision: Int64, by time: Timestamp) {
        state.withLock { $0.times.append((revision, time)) }
    }

    /// Returns the newest revision whose time is not later than `time`; nil if there is no such revision.
    func revision(at time: Timestamp) -> Int64? {
        state.withLock { state in
            state.times.filter { $0.time <= time }.map(\.revision).max()
        }
    }

    /// Returns the name, revision and content of every region, subnet or policy at `revision`.
    func list(_ collection: String, at revision: Int64) -> Set<JSONValue> {
        let prefix =
            switch collection {
            case "regions": Self.sets + "region."
            case "subnets": Self.sets + "subnet."
            default: Self.policies
            }
        let found = state.withLock { state in
            state.versions.compactMap { key, versions -> (String, Version)? in
                guard key.hasPrefix(prefix) else { return nil }
                return versions.last { $0.revision <= revision }
                    .map { (String(key.dropFirst(prefix.count)), $0) }
            }
        }
        return Set(found.compactMap { Self.item(collection, $0, $1) })
    }

    private static func item(_ collection: String, _ name: String, _ version: Version) -> JSONValue?
    {
        guard let bytes = version.value, let stored = try? JSONParser.parse(bytes),
            case .object = stored
        else { return nil }
        let nets = stored["spec"]?["nets"] ?? []
        switch collection {
        case "regions": return [.string(name), .number(JSONNumber(version.revision)), nets]
        case "subnets":
            guard let net = nets.arrayValue?.first else { return nil }
            let parts = name.split(separator: ".")
            return [
                .string(String(parts[1])), .number(JSONNumber(version.revision)), net,
                .string(String(parts[0])),
            ]
        default:
            return [
                .string(name), .number(JSONNumber(version.revision)), stored["spec"] ?? .null,
            ]
        }
    }

    /// Returns the name, revision and content of an object as the API lists it, in the form of `list`.
    static func item(_ collection: String, _ shown: JSONValue) -> JSONValue {
        switch collection {
        case "regions":
            return [
                shown["name"] ?? .null, shown["revision"] ?? .null, shown["addressBlocks"] ?? .null,
            ]
        case "subnets":
            return [
                shown["name"] ?? .null, shown["revision"] ?? .null, shown["cidr"] ?? .null,
                shown["region"] ?? .null,
            ]
        default:
            let metadata = shown["metadata"]
            let revision = metadata?["resourceVersion"]?.stringValue.flatMap { Int64($0) } ?? 0
            return [
                metadata?["name"] ?? .null, .number(JSONNumber(revision)), shown["spec"] ?? .null,
            ]
        }
    }

    private func take(_ revisions: [RevisionChanges]) {
        state.withLock { state in
            for changes in revisions {
                for event in changes.events { Self.take(event, changes.revision, &state) }
                state.reached = changes.revision
            }
        }
    }

    private static func take(_ event: WatchEvent, _ revision: Int64, _ state: inout State) {
        guard let key = event.keyValue.key.string else { return }
        let value = event.kind == .put ? event.keyValue.value : nil
        state.versions[key, default: []].append(Version(revision: revision, value: value))
        guard key.hasPrefix(journal), let value, let entry = try? JSONParser.parse(value),
            let time = entry["time"]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        else { return }
        state.times.append((revision, time))
    }
}
