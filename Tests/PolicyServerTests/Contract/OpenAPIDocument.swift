import TestSupport
import Yams

/// `openapi.yaml`, as far as the tests ask it.
struct OpenAPIDocument: Sendable {
    /// One method on one path.
    struct Operation: Sendable {
        /// Upper case.
        var method: String
        /// The path's template: `/v1/regions/{region}`.
        var path: String
        var queryParameters: Set<String>
        var pathParameters: Set<String>
        var statuses: Set<Int>
        var hasBody: Bool

        var name: String { "\(method) \(path)" }
    }

    let operations: [Operation]
    /// `info.version`.
    let version: String?
    /// The values of `type` of a problem.
    let problemTypes: Set<String>

    init() throws {
        let root = try Yams.compose(yaml: Repository.text("openapi.yaml")) ?? ""
        var operations: [Operation] = []
        for (path, item) in root["paths"]?.mapping ?? [:] {
            let shared = item["parameters"]?.array() ?? []
            for method in ["get", "put", "post", "patch", "delete"] {
                guard let value = item[method] else { continue }
                operations.append(
                    Self.operation(
                        method, path.string ?? "", value,
                        parameters: (shared + (value["parameters"]?.array() ?? [])).map {
                            Self.resolve($0, root)
                        }))
            }
        }
        self.operations = operations
        version = root["info"]?["version"]?.string
        problemTypes = Set(
            root["components"]?["schemas"]?["ProblemType"]?["enum"]?.array().compactMap(\.string)
                ?? [])
    }

    /// The operation that a request of `method` on `path` (without query) is; HEAD counts as GET.
    func operation(_ method: String, _ path: String) -> Operation? {
        let segments = path.split(separator: "/")
        let exact = operations.filter { $0.path == path }
        // A path without parameters goes before one with them, as in the router.
        return (exact + operations).first { operation in
            let template = operation.path.split(separator: "/")
            return operation.method == (method == "HEAD" ? "GET" : method)
                && template.count == segments.count
                && zip(template, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
    }

    private static func operation(
        _ method: String, _ path: String, _ value: Node, parameters: [Node]
    ) -> Operation {
        func names(_ place: Node) -> Set<String> {
            Set(parameters.filter { $0["in"] == place }.compactMap { $0["name"]?.string })
        }
        return Operation(
            method: method.uppercased(), path: path, queryParameters: names("query"),
            pathParameters: names("path"),
            statuses: Set(
                value["responses"]?.mapping?.keys.compactMap { $0.string.flatMap { Int($0) } } ?? []
            ),
            hasBody: value["requestBody"] != nil)
    }

    private static func resolve(_ value: Node, _ root: Node) -> Node {
        guard let reference = value["$ref"]?.string else { return value }
        return reference.dropFirst(2).split(separator: "/").reduce(root) { $0[String($1)] ?? "" }
    }
}
