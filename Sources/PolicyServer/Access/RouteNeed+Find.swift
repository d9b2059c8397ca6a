import Foundation

extension RouteNeed {
    /// The region and the kind of the objects that a path names. The required rights depend on them.
    package struct Target: Hashable, Sendable {
        /// The region in the path; nil if there is none.
        package var region: String?
        /// The kind of the objects; nil if the objects can have several kinds.
        package var kind: String?
    }

    /// Returns the need of the route that serves a request, and the target in the path. Returns nil if no route serves
    /// the request.
    ///
    /// - Parameter path: The path, with or without a query.
    package static func find(method: String, path: String) -> (need: RouteNeed, target: Target)? {
        let method = method == "HEAD" ? "GET" : method
        let path = path.prefix { $0 != "?" }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).map {
            String($0).removingPercentEncoding ?? String($0)
        }
        var found: (need: RouteNeed, target: Target, literals: Int)?
        for (route, need) in table {
            let parts = route.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0] == method else { continue }
            let pattern = parts[1].split(separator: "/", omittingEmptySubsequences: false)
            guard pattern.count == segments.count else { continue }
            let pairs = Array(zip(pattern, segments))
            let literals = pairs.filter { $0 == $1 }.count
            guard pairs.allSatisfy({ $0 == $1 || ($0.hasPrefix("{") && !$1.isEmpty) }),
                // As in the router, a literal path segment takes precedence over a parameter, so the pattern with the
                // most literals wins.
                literals > found?.literals ?? -1
            else { continue }
            let region = pairs.first { $0.0 == "{region}" }?.1
            found = (need, Target(region: region, kind: kind(pattern)), literals)
        }
        return found.map { ($0.need, $0.target) }
    }

    private static func kind(_ pattern: [Substring]) -> String? {
        if pattern.contains("subnets") { return "Subnet" }
        guard pattern.contains("regions") else { return nil }
        return pattern.contains("policies") ? "NetworkPolicy" : "Region"
    }
}
