package import ControlPlane
import Crypto
import Documents
import HTTPCore

/// Reads `If-Match` and `If-None-Match` (RFC 9110 section 13.1). The ETag of an object is its etcd revision.
package enum EntityTags {
    /// The comparison of tags (RFC 9110 section 8.8.3.2). Only the weak comparison lets a weak tag match.
    package enum Comparison: Sendable {
        case strong, weak
    }

    /// Returns the ETag of a revision, such as `"42"`.
    package static func tag(_ revision: Int64) -> String { "\"\(revision)\"" }

    /// Reads the value of a header. Returns nil if it is malformed. Ignores tags that are not revisions, because they
    /// match no object.
    package static func parse(_ value: String, _ comparison: Comparison) -> RevisionMatch? {
        if value.trimmed == "*" { return .any }
        return tags(value).map { tags in
            .oneOf(
                tags.filter { !$0.isWeak || comparison == .weak }.compactMap {
                    revision($0.content)
                })
        }
    }

    /// Returns true if `value`, the value of If-None-Match, contains `tag`. Returns nil if `value` is malformed.
    package static func names(_ tag: String, in value: String) -> Bool? {
        if value.trimmed == "*" { return true }
        let tag = tag.replacing(ContentCoding.tagSuffix + "\"", with: "\"")
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
        // A compressed answer has a tag of its own, which means the same revision.
        var text = String(decoding: content, as: UTF8.self)
        if text.hasSuffix(ContentCoding.tagSuffix) {
            text.removeLast(ContentCoding.tagSuffix.count)
        }
        return (text, isWeak)
    }

    /// Reads a revision without a sign and without leading zeros, so that each revision has only one tag.
    private static func revision(_ text: String) -> Int64? {
        guard let revision = Int64(text), revision > 0, String(revision) == text else { return nil }
        return revision
    }
}

/// The ETags of lists.
///
/// A list has no revision. etcd's revision cannot be used as the tag of a list: that revision also rises with each
/// change of a workload endpoint, and a restored etcd uses the same numbers again. A tag therefore contains a random
/// text for the run of this server, and the version of the list in that run. Another replica does not know the tag and
/// answers 200 instead of 304.
struct ListTags: Sendable {
    /// A random text that distinguishes this run of the server from all other runs.
    private let run = String(UInt64.random(in: 0...UInt64.max), radix: 36)

    /// Returns the tag of a list at `version`. The tag also depends on the requested format, filters and page.
    func tag(_ request: Request, version: UInt64) -> String {
        tag(request, state: String(version))
    }

    /// Returns the tag of a list whose answer has this content.
    func tag(_ request: Request, content: [UInt8]) -> String {
        let digest = Hex.text(Array(SHA256.hash(data: content).prefix(16)))
        return tag(request, state: "c" + digest)
    }

    private func tag(_ request: Request, state: String) -> String {
        // `Hasher` gives different results in each run of the server. This does no harm, because a tag is only valid in
        // one run.
        var hasher = Hasher()
        hasher.combine(request.responseType)
        hasher.combine(request.path)
        // `atLeast` is left out, because it affects only how long the request waits.
        for (name, value) in request.query.items where name != "atLeast" {
            hasher.combine(name)
            hasher.combine(value)
        }
        let question = String(UInt(bitPattern: hasher.finalize()), radix: 36)
        return "\"\(run)-\(state)-\(question)\""
    }
}
