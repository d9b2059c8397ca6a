import ControlPlane
import HTTPCore
import HTTPTypes

/// The routes that every kind of object has alike.
extension API {
    /// GET, PUT, PATCH and DELETE on `pattern`, its history and rollback; `name` reads the object's name from the path.
    func objectRoutes(
        _ pattern: String, putQuery: [QueryParameter] = [],
        name: @escaping @Sendable (Request) throws(Problem) -> ObjectName
    ) -> [Route] {
        [
            Route(.get, pattern, query: ["at", "atLeast"], produces: DocumentFormat.answerTypes) {
                try await read(name($0), $0)
            },
            Route(
                .put, pattern, query: Self.writeQuery + putQuery, accepts: DocumentFormat.bodyTypes,
                produces: DocumentFormat.answerTypes
            ) { request in
                let name = try name(request)
                return try await write(request, verb: "put", name: name) { .put(name, $0) }
            },
            Route(
                .patch, pattern, query: Self.writeQuery, accepts: DocumentFormat.patchTypes,
                produces: DocumentFormat.answerTypes
            ) { request in
                let name = try name(request)
                return try await write(request, verb: "patch", name: name) { .patch(name, $0) }
            },
            Route(
                .delete, pattern, query: Self.writeQuery, produces: DocumentFormat.answerTypes
            ) { request in
                try await write(request, .delete(name(request)), body: [])
            },
        ] + historyRoutes(pattern, rollbackQuery: putQuery, name: name)
    }

    static let writeQuery: [QueryParameter] = ["dryRun", "strict", "reason"]
    static let listQuery: [QueryParameter] = [
        QueryParameter("label", repeats: true), "limit", "cursor", "at", "atLeast",
    ]
}
