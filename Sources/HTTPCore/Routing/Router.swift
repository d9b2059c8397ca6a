package import HTTPTypes

/// Finds the route for a method and a path. The router is a trie of path segments. A literal segment takes precedence
/// over a parameter.
package struct Router: Sendable {
    /// All routes in the order of their addition. A test compares them with `openapi.yaml`.
    package let routes: [Route]
    private let nodes: [RouterNode]
    private let implementedMethods: Set<HTTPRequest.Method>

    init(routes: [Route], nodes: [RouterNode]) {
        self.routes = routes
        self.nodes = nodes
        implementedMethods = Set(routes.map(\.method)).union([
            .get, .head, .post, .put, .patch, .delete, .options,
        ])
    }

    package enum Match {
        case route(Route, parameters: [(name: String, value: String)])
        /// The path exists but does not support the method. The values are for the fields Allow and Accept-Patch.
        case otherMethods(allow: String, acceptPatch: String?)
        case nothing
    }

    /// Returns true if the server knows the method (RFC 9110 §9.1). An unknown method gets 501. A known method that the
    /// resource does not allow gets 405.
    func implements(_ method: HTTPRequest.Method) -> Bool {
        implementedMethods.contains(method) || Self.recognizedMethods.contains(method)
    }

    /// The methods of RFC 9110 §9.3, RFC 5789 and IANA's registry (QUERY). CONNECT is missing because it is for
    /// proxies.
    private static let recognizedMethods: Set<HTTPRequest.Method> = {
        var methods: Set<HTTPRequest.Method> = [
            .get, .head, .post, .put, .delete, .options, .trace, .patch,
        ]
        if let query = HTTPRequest.Method("QUERY") { methods.insert(query) }
        return methods
    }()

    /// The value of the field Allow in the answer to `OPTIONS *`.
    var allMethods: String {
        implementedMethods.map(\.rawValue).sorted().joined(separator: ", ")
    }

    /// Finds the route. Throws a 400 problem if a segment of the raw `path` cannot be decoded.
    package func match(_ method: HTTPRequest.Method, path: Substring) throws(Problem) -> Match {
        var segments: [String] = []
        segments.reserveCapacity(8)
        // Splits bytes, because splitting characters would look for grapheme clusters.
        for part in path.utf8.dropFirst()
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            let raw = Substring(part)
            guard let segment = percentDecoded(raw) else {
                throw .badRequest("The path has an invalid percent-encoding in '\(raw)'.")
            }
            segments.append(segment)
        }
        // Looks for a GET route if the method is HEAD, because a GET route also serves HEAD (RFC 9110 §9.3.2).
        var search = Search(method: method == .head ? .get : method, segments: segments)
        guard let found = find(&search, from: 0, depth: 0) else {
            guard let node = search.otherNode.map({ nodes[$0] }) else { return .nothing }
            let patch = node.endpoint(for: .patch).map { routes[$0.route].acceptPatch }
            return .otherMethods(allow: node.allow, acceptPatch: patch)
        }
        let parameters = zip(found.names, search.captured).map { (name: $0, value: $1) }
        return .route(routes[found.route], parameters: parameters)
    }

    /// Returns `path` without its empty segments, for example without a slash at the end. Returns nil if `path` has no
    /// empty segments, or if no resource has the shorter path.
    package func resource(meantBy path: Substring) -> String? {
        let meant = "/" + path.split(separator: "/").joined(separator: "/")
        guard meant != path, let match = try? match(.options, path: meant[...]) else { return nil }
        if case .nothing = match { return nil }
        return meant
    }

    private struct Search {
        let method: HTTPRequest.Method
        let segments: [String]
        var captured: [String] = []
        /// The index of the first node that matches the path but has no route for the method; nil if there is none.
        var otherNode: Int?
    }

    private func find(
        _ search: inout Search, from index: Int, depth: Int
    ) -> RouterNode.Endpoint? {
        let node = nodes[index]
        guard depth < search.segments.count else {
            if let endpoint = node.endpoint(for: search.method) { return endpoint }
            if !node.endpoints.isEmpty, search.otherNode == nil { search.otherNode = index }
            return nil
        }
        let segment = search.segments[depth]
        if let next = node.literals[segment],
            let endpoint = find(&search, from: next, depth: depth + 1)
        {
            return endpoint
        }
        // Tries the parameter, because the literal segment is missing or leads to no route further down.
        guard let next = node.parameter, !segment.isEmpty else { return nil }
        search.captured.append(segment)
        if let endpoint = find(&search, from: next, depth: depth + 1) { return endpoint }
        search.captured.removeLast()
        return nil
    }
}

/// One node of the router's trie. Nodes refer to each other by index, which makes the whole trie a value.
struct RouterNode: Sendable {
    struct Endpoint: Sendable {
        let method: HTTPRequest.Method
        let route: Int
        /// The names of the pattern's parameters, in the order of the pattern.
        let names: [String]
    }

    var literals: [String: Int] = [:]
    var parameter: Int?
    var endpoints: [Endpoint] = []

    func endpoint(for method: HTTPRequest.Method) -> Endpoint? {
        endpoints.first { $0.method == method }
    }

    /// The value of the field Allow (RFC 9110 §10.2.1). A GET route also allows HEAD. OPTIONS is always included.
    var allow: String {
        var methods = endpoints.map(\.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        if !methods.contains("OPTIONS") { methods.append("OPTIONS") }
        return methods.sorted().joined(separator: ", ")
    }
}

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

    /// Builds the router. Throws if a pattern is malformed or two routes have the same method and path.
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

/// An error in a route table. `RouterBuilder.build` throws this error, because no router can be built from the table.
package struct RouterError: Error, CustomStringConvertible {
    package var pattern: String
    package var message: String

    package var description: String { "route \(pattern): \(message)" }
}
