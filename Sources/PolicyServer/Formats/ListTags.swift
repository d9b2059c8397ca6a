import HTTPCore

/// ETags of lists.
///
/// A list has no revision: etcd's rises with every endpoint, and one that is restored counts again what it had counted
/// before. So a tag is good for one run of the server: behind a load balancer another replica answers 200.
struct ListTags: Sendable {
    /// Tells this run from every other.
    private let run = String(UInt64.random(in: 0...UInt64.max), radix: 36)

    /// The tag of a list as it is at `version`, in the form and the part that `request` asks for.
    func tag(_ request: Request, version: UInt64) -> String {
        var hasher = Hasher()
        hasher.combine(request.responseType)
        hasher.combine(request.path)
        for (name, value) in request.query.items where name != "atLeast" {
            hasher.combine(name)
            hasher.combine(value)
        }
        let question = String(UInt(bitPattern: hasher.finalize()), radix: 36)
        return "\"\(run)-\(version)-\(question)\""
    }
}
