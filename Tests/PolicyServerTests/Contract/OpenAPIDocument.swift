import TestSupport
import Yams

/// The parts of `openapi.yaml` that the tests need.
struct OpenAPIDocument: Sendable {
    /// One method on one path.
    struct Operation: Sendable {
        /// The method in upper case.
        var method: String
        /// The template of the path, such as `/v1/regions/{region}`.
        var path: String
        var queryParameters: Set<String>
        var pathParameters: Set<String>
        var statuses: Set<Int>
        var hasBody: Bool

        var name: String { "\(method) \(path)" }
    }

    let operations: [Operation]
    /// The value of `info.version`.
    let version: String?
    /// The documented values of the member `type` of a problem.
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

    /// Returns the operation for a request of `method` on `path`, which has no query. HEAD counts as GET.
    func operation(_ method: String, _ path: String) -> Operation? {
        let segments = path.split(separator: "/")
        let exact = operations.filter { $0.path == path }
        // As in the router, a path without parameters takes precedence.
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
