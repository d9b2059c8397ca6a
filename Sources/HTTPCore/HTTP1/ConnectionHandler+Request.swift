import HTTPTypes
import NIOCore
import NIOHTTP1

/// The input side: requests and their bodies.
extension ConnectionHandler {
    func begin(_ parsed: HTTPRequestHead) {
        let exchange = makeExchange(
            HTTPRequest.Method(rawValue: parsed.method.rawValue), target: parsed.uri,
            requestID: clientRequestID { parsed.headers.first(name: $0) })
        let head: RequestHead
        do throws(Problem) {
            head = try RequestHead(parsed, limits: environment.limits)
        } catch {
            state.requestStarted(keepAlive: false)
            exchange.headers =
                (try? RequestHead.fields(parsed.headers, limits: environment.limits)) ?? [:]
            exchange.refuse(error)
            return
        }
        state.requestStarted(keepAlive: head.keepAlive)
        exchange.begin(head, local: localAddress)
    }

    private func makeExchange(
        _ method: HTTPRequest.Method? = nil, target: String = "", requestID: String? = nil
    ) -> Exchange {
        let exchange = Exchange(
            method, target: target, requestID: requestID, peer: peer ?? Peer(nil),
            environment: environment, wire: self)
        self.exchange = exchange
        return exchange
    }

    /// Ends the active exchange, if there is one.
    private func endExchange() {
        exchange?.end()
        exchange = nil
    }

    func endRequest() {
        exchange?.bodyEnded()
        if !state.keepAlive { inputIsDead = true }
        advance(state.requestEnded())
    }

    /// Answers with `problem` when no request can be read: the parser failed, the header was late, or the server has
    /// too many connections. If a body is arriving, its reader gets the problem instead.
    func fail(_ problem: Problem) {
        if state.isReceiving {
            exchange?.failBody(problem)
            return
        }
        state.requestStarted(keepAlive: false)
        makeExchange().refuse(problem)
    }

    func stopInput() {
        inputIsDead = true
        advance(state.inputFailed())
    }

    func advance(_ next: ConnectionState.Next) {
        switch next {
        case .wait: break
        case .nextRequest:
            endExchange()
            deadlineKind = nil
            // If bytes of the next request have already arrived, the deadline of its header starts now.
            if probe?.hasBegunRequest == true { _ = state.bytesArrived() }
        case .linger:
            endExchange()
            linger()
        }
    }
}
