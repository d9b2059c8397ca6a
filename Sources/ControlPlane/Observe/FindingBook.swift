import Calico

/// What is known to be wrong with stored values, by key: nothing for most.
struct FindingBook: Sendable {
    struct Findings: Sendable {
        /// About the value alone.
        var judged: [StoredFinding] = []
        /// About another policy that is the same object.
        var twin: [StoredFinding] = []
        /// About a subnet's place among blocks and other subnets.
        var place: [StoredFinding] = []

        var all: [StoredFinding] { judged + twin + place }
    }

    /// Findings that appeared and have not been logged yet.
    struct News: Sendable {
        var found: [(path: String, finding: StoredFinding)] = []
        /// How many more there are.
        var omitted = 0
    }

    /// So many are kept until somebody logs them.
    static let maximumNews = 50

    private(set) var byPath = SortedMap<String, Findings>()
    /// How many findings there are of each code.
    private(set) var counts: [StoredFindingCode: Int] = [:]
    private var news = News()

    func findings(_ path: String) -> [StoredFinding] { byPath[path]?.all ?? [] }

    /// Changes one aspect of what is known about `path`.
    mutating func set(
        _ path: String, _ aspect: WritableKeyPath<Findings, [StoredFinding]>,
        _ findings: [StoredFinding]
    ) {
        var known = byPath[path] ?? Findings()
        let old = known[keyPath: aspect]
        guard old != findings else { return }
        known[keyPath: aspect] = findings
        for finding in old { counts[finding.code, default: 0] -= 1 }
        for finding in findings {
            counts[finding.code, default: 0] += 1
            guard !old.contains(finding) else { continue }
            if news.found.count < Self.maximumNews {
                news.found.append((path, finding))
            } else {
                news.omitted += 1
            }
        }
        if known.all.isEmpty { byPath.remove(path) } else { byPath.set(path, known) }
    }

    /// What appeared since the last call.
    mutating func takeNews() -> News {
        defer { news = News() }
        return news
    }
}
