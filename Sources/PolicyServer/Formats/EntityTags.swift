package import ControlPlane
import HTTPCore

/// `If-Match` and `If-None-Match` (RFC 9110 section 13.1) over ETags that are etcd revisions.
package enum EntityTags {
    /// How tags compare: weak ones never match strongly (RFC 9110 section 8.8.3.2).
    package enum Comparison: Sendable {
        case strong, weak
    }

    /// The ETag of a revision: `"42"`.
    package static func tag(_ revision: Int64) -> String { "\"\(revision)\"" }

    /// Reads a header value; nil when it is malformed. Tags that are no revision match nothing.
    package static func parse(_ value: String, _ comparison: Comparison) -> RevisionMatch? {
        if value.trimmed == "*" { return .any }
        return tags(value).map { tags in
            .oneOf(
                tags.filter { !$0.isWeak || comparison == .weak }.compactMap {
                    revision($0.content)
                })
        }
    }

    /// Returns true if the value of If-None-Match names `tag`, which is any tag; nil when it is malformed.
    package static func names(_ tag: String, in value: String) -> Bool? {
        if value.trimmed == "*" { return true }
        return tags(value).map { $0.contains { "\"\($0.content)\"" == tag } }
    }

    private static func tags(_ value: String) -> [(content: String, isWeak: Bool)]? {
        var tags: [(content: String, isWeak: Bool)] = []
        var rest = Array(value.utf8)[...]
        while true {
            rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            if !tags.isEmpty {
                guard rest.first == UInt8(ascii: ",") else { return rest.isEmpty ? tags : nil }
                rest = rest.dropFirst().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            }
            guard let tag = takeTag(&rest) else { return nil }
            tags.append(tag)
        }
    }

    private static func takeTag(_ rest: inout ArraySlice<UInt8>) -> (
        content: String, isWeak: Bool
    )? {
        let isWeak = rest.starts(with: "W/".utf8)
        if isWeak { rest = rest.dropFirst(2) }
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        let content = rest.dropFirst().prefix {
            $0 == 0x21 || (0x23...0xFF).contains($0) && $0 != 0x7F
        }
        rest = rest.dropFirst(1 + content.count)
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        rest = rest.dropFirst()
        return (String(decoding: content, as: UTF8.self), isWeak)
    }

    /// The revision in its one spelling: no sign, no leading zero.
    private static func revision(_ text: String) -> Int64? {
        guard let revision = Int64(text), revision > 0, String(revision) == text else { return nil }
        return revision
    }
}

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
