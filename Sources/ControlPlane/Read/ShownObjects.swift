import Domain
import Synchronization

/// A cache of recently read objects, with their documents as JSON. A read of a cached object parses and serialises
/// nothing.
///
/// The cache has no CrossRegionPolicies and none of their compiled policies, because how reads show them depends on
/// regions, subnets and other policies.
package final class ShownObjects: Sendable {
    private struct Shown {
        /// The stored bytes from which `view` was made. A matching revision does not prove that the view is still
        /// correct, because a restored etcd can give the same revision to other bytes.
        var bytes: [UInt8]
        var view: ObjectView
        var size: Int

        func shows(_ entry: MirrorEntry) -> Bool {
            view.revision == entry.modRevision && bytes == entry.bytes
        }
    }

    /// The objects in two generations. Reads move an object to the young generation. When the young generation is full,
    /// it replaces the old generation, whose objects are forgotten. Two generations cost less than a list in the order
    /// of use.
    private struct State {
        var young: [String: Shown] = [:]
        var old: [String: Shown] = [:]
        var youngSize = 0

        mutating func keep(_ path: String, _ shown: Shown, limit: Int) {
            if youngSize + shown.size > limit {
                (old, young, youngSize) = (young, [:], 0)
            }
            youngSize += shown.size - (young.updateValue(shown, forKey: path)?.size ?? 0)
        }
    }

    /// The maximum size of one generation in bytes of JSON.
    private let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: The maximum size in bytes of JSON. The stored bytes are not counted, because the mirror
    ///   usually has the same bytes.
    package init(limit: Int = 32 << 20) { self.limit = limit / 2 }

    /// Returns the cached view of `entry`; nil if the cache does not have it.
    func find(_ path: String, _ entry: MirrorEntry) -> ObjectView? {
        state.withLock { state in
            if let shown = state.young[path] { return shown.shows(entry) ? shown.view : nil }
            guard let shown = state.old[path], shown.shows(entry) else { return nil }
            state.keep(path, shown, limit: limit)
            return shown.view
        }
    }

    /// Caches the view of `entry` if it is not too large, and returns it with its document as JSON. The view of a
    /// CrossRegionPolicy, or of one of its compiled policies, is not cached and is returned unchanged.
    func keep(_ path: String, _ entry: MirrorEntry, _ view: ObjectView) -> ObjectView {
        guard let view = view.serialised else { return view }
        let shown = Shown(bytes: entry.bytes, view: view, size: view.json.count + path.utf8.count)
        if shown.size <= limit { state.withLock { $0.keep(path, shown, limit: limit) } }
        return view
    }
}
