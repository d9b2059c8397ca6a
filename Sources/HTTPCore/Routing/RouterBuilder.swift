import HTTPTypes

/// Collects routes and builds the router.
package struct RouterBuilder {
    private var routes: [Route] = []

    package init() {}

    package mutating func add(_ route: Route) {
        routes.append(route)
    }

    package mutating func add(_ routes: [Route]) {
        self.routes += routes
    }

    /// Throws when a pattern is malformed or two routes answer the same method on the same path.
    package func build() throws(RouterError) -> Router {
        var nodes = [RouterNode()]
        for (index, route) in routes.enumerated() {
            let (end, names) = try Self.insert(pattern: route.pattern, into: &nodes)
            if let other = nodes[end].endpoint(for: route.method) {
                throw RouterError(
                    pattern: route.pattern,
                    message: "\(route.method.rawValue) is already routed by"
                        + " \(routes[other.route].pattern)")
            }
            nodes[end].endpoints.append(.init(method: route.method, route: index, names: names))
        }
        return Router(routes: routes, nodes: nodes)
    }

    private static func insert(
        pattern: String, into nodes: inout [RouterNode]
    ) throws(RouterError) -> (node: Int, names: [String]) {
        guard pattern.hasPrefix("/") else {
            throw RouterError(pattern: pattern, message: "a pattern starts with '/'")
        }
        var node = 0
        var names: [String] = []
        for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                let name = String(segment.dropFirst().dropLast())
                guard !name.isEmpty, !names.contains(name) else {
                    throw RouterError(
                        pattern: pattern, message: "parameter '\(name)' is empty or repeated")
                }
                names.append(name)
                node = nodes[node].parameter ?? Self.append(to: &nodes) { $0[node].parameter = $1 }
            } else {
                guard !segment.contains(where: { "{}?#%".contains($0) }) else {
                    throw RouterError(pattern: pattern, message: "illegal segment '\(segment)'")
                }
                let literal = String(segment)
                node =
                    nodes[node].literals[literal]
                    ?? Self.append(to: &nodes) { $0[node].literals[literal] = $1 }
            }
        }
        return (node, names)
    }

    private static func append(
        to nodes: inout [RouterNode], link: (inout [RouterNode], Int) -> Void
    ) -> Int {
        nodes.append(RouterNode())
        link(&nodes, nodes.count - 1)
        return nodes.count - 1
    }
}

/// A route table that cannot be built.
package struct RouterError: Error, CustomStringConvertible {
    package var pattern: String
    package var message: String

    package var description: String { "route \(pattern): \(message)" }
}
