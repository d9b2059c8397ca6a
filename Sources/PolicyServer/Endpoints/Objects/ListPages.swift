import HTTPCore
import HTTPTypes
import Synchronization

/// The recent pages of lists, as complete answers. A page is valid as long as the version of its list stays the same.
///
/// Only pages for callers who may see everything are kept, and only pages of the present state.
final class ListPages: Sendable {
    private struct Key: Hashable {
        var target: String
        var type: String
        var isPacked: Bool
    }

    private struct Page {
        var version: UInt64
        var response: Response
        var size: Int
    }

    /// The pages in two generations, as in `ShownObjects`.
    private struct State {
        var young: [Key: Page] = [:]
        var old: [Key: Page] = [:]
        var youngSize = 0
    }

    /// The maximum size of one generation in bytes of bodies.
    private static let limit = 8 << 20
    /// The maximum size of one page. Larger pages would push out too many others.
    private static let pageLimit = 512 << 10

    private let state = Mutex(State())

    /// Returns the page that the request asks for, if it is kept and shows the list at `version`.
    func find(_ request: Request, version: UInt64) -> Response? {
        let key = Self.key(request)
        return state.withLock { state in
            guard let page = state.young[key] ?? state.old[key], page.version == version else {
                return nil
            }
            return page.response
        }
    }

    /// Keeps a page that shows the list at `version`, and returns it in the form in which it was kept: compressed if the
    /// client accepts gzip.
    func keep(_ response: Response, _ request: Request, version: UInt64) -> Response {
        let response = response.compressed(for: request)
        guard case .bytes(let bytes) = response.body else { return response }
        let size = bytes.count + request.target.utf8.count
        guard size <= Self.pageLimit else { return response }
        let key = Self.key(request)
        let page = Page(version: version, response: response, size: size)
        state.withLock { state in
            if state.youngSize + size > Self.limit {
                (state.old, state.young, state.youngSize) = (state.young, [:], 0)
            }
            state.youngSize += size - (state.young.updateValue(page, forKey: key)?.size ?? 0)
        }
        return response
    }

    private static func key(_ request: Request) -> Key {
        Key(
            target: request.target, type: request.responseType,
            isPacked: ContentCoding.acceptsGzip(request.headers[.acceptEncoding]))
    }
}
