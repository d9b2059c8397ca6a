/// An object as it stood at a place.
package struct HistoricalObject: Hashable, Sendable {
    /// The etcd key.
    package var key: String
    /// Where it got this value; the revision was its mod_revision.
    package var place: HistoryPlace
    /// JSON text; a value that was no JSON is a JSON string.
    package var value: String

    package init(key: String, place: HistoryPlace, value: String) {
        self.key = key
        self.place = place
        self.value = value
    }
}

/// A run of objects in the order of their keys.
package struct HistoricalPage: Hashable, Sendable {
    package var objects: [HistoricalObject]
    /// The last key that was looked at, if there may be more: one that did not exist counts.
    package var next: String?
}
