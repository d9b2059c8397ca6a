import HTTPCore
import ServiceLifecycle

/// The HTTP server as a service whose failure says which addresses it is about.
struct ListenService: Service {
    let http: HTTPServer
    let addresses: [ListenAddress]

    func run() async throws {
        do {
            try await http.run()
        } catch let error as ListenError {
            throw StartFailure("\(error). Choose another address with --listen.")
        } catch let error as ListenerFailure {
            throw error
        } catch {
            let list = addresses.map(\.description).joined(separator: ", ")
            throw StartFailure("cannot listen on \(list): \(error)")
        }
    }
}
