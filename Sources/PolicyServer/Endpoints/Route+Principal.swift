import HTTPCore

extension Route {
    /// The same route, whose answers say who asked (for the access log) and whose problems say which
    /// request they belong to.
    var identified: Route {
        var route = self
        switch handler {
        case .immediate(let handler):
            route.handler = .immediate { request in
                do {
                    return try handler(request).identified(request)
                } catch let problem as Problem {
                    return problem.identified(request)
                }
            }
        case .asynchronous(let handler):
            route.handler = .asynchronous { request in
                do {
                    return try await handler(request).identified(request)
                } catch let problem as Problem {
                    return problem.identified(request)
                }
            }
        }
        return route
    }
}

extension Response {
    fileprivate func identified(_ request: Request) -> Response {
        var response = self
        response.principal = try? Principal.of(request)
        return response
    }
}

extension Problem {
    fileprivate func identified(_ request: Request) -> Response {
        identified(path: request.path, requestID: request.requestID).response.identified(request)
    }
}
