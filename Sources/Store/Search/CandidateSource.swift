import Domain
import GRDB

/// A row that may be one of those that are asked for.
struct Candidate {
    let place: Place
    /// False when the row is known not to be one.
    let isMatch: Bool
    /// The value of the column that the source was asked to read as well.
    var group: DatabaseValue?

    init(_ place: Place, isMatch: Bool = true, group: DatabaseValue? = nil) {
        self.place = place
        self.isMatch = isMatch
        self.group = group
    }
}

/// Gives the rows along one way through the ledger, in the order of the search; each costs the same.
protocol CandidateSource {
    mutating func next() throws -> Candidate?
    /// Where a search goes on when `next()` has given nil; nil when nothing is left.
    var continuation: Place? { get }
}

extension CandidateSource {
    var continuation: Place? { nil }
}

/// Rows whose places are known.
struct PlaceList: CandidateSource {
    private var places: IndexingIterator<[Place]>

    init(_ places: [Place], _ range: SearchRange) {
        let ahead = places.filter(range.contains)
        self.places = ahead.sorted { range.order == .ascending ? $0 < $1 : $0 > $1 }
            .makeIterator()
    }

    mutating func next() -> Candidate? { places.next().map { Candidate($0) } }
}
