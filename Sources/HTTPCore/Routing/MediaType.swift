/// A media type without its parameters (RFC 9110 §8.3.1).
package struct MediaType: Hashable, Sendable, CustomStringConvertible {
    /// The text `type/subtype` in lower case.
    package let essence: String

    /// Returns nil if `text` is not `type/subtype` with optional parameters.
    package init?(_ text: String) {
        let essence = text.prefix { $0 != ";" }.trimmed().lowercased()
        let halves = essence.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isToken) })
        else { return nil }
        self.essence = essence
    }

    package var description: String { essence }
}

extension Substring {
    /// Returns the text without spaces and tabs at both ends (OWS of RFC 9110 §5.6.3).
    func trimmed() -> Substring {
        var rest = self
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return rest
    }
}

/// Returns true if `byte` is a `tchar` of RFC 9110 §5.6.2.
func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
}

/// Performs proactive negotiation (RFC 9110 §12.5.1).
///
/// Returns the media type in `offered` with the highest weight in the `Accept` value. The earlier offer wins a tie, so
/// the server lists its preferred type first. An absent field allows all types. A malformed range is ignored.
///
/// Returns nil if `Accept` allows no offered type, with one exception. If `Accept` names `application/problem+json`,
/// returns the first offer that `Accept` does not exclude with the weight 0, which §12.5.1 allows. If the contract
/// documents JSON for errors only, a client that is generated from the contract accepts only
/// `application/problem+json`. The client thereby says nothing about the type of a successful answer.
package func negotiate(accept: String?, offered: [String]) -> String? {
    guard let accept, let first = offered.first else { return offered.first }
    if accept == "*/*" { return first }
    let ranges = accept.split(separator: ",").compactMap { MediaRange($0) }
    var best: (type: String, weight: Int)?
    for type in offered {
        let weight = ranges.filter { $0.admits(type) }.max { $0.precision < $1.precision }?.weight
        if let weight, weight > best?.weight ?? 0 { best = (type, weight) }
    }
    if best == nil, ranges.contains(where: \.namesProblems) {
        return offered.first { type in !ranges.contains { $0.weight == 0 && $0.admits(type) } }
    }
    return best?.type
}

/// One element of the field Accept: a media range and its weight.
private struct MediaRange {
    private let type: Substring
    private let subtype: Substring
    /// The weight in thousandths, 0...1000. The weight 0 means "not acceptable".
    let weight: Int
    /// The precision: 0 for `*/*`, 1 for `a/*`, 2 for `a/b`. The most precise matching range determines the weight of a
    /// type.
    let precision: Int

    init?(_ text: Substring) {
        var parts = text.lowercased().split(separator: ";").makeIterator()
        guard let range = parts.next()?.trimmed() else { return nil }
        let halves = range.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        (type, subtype) = (halves[0], halves[1])
        precision = subtype != "*" ? 2 : type != "*" ? 1 : 0
        var weight = 1000
        while let parameter = parts.next()?.trimmed() {
            guard parameter.hasPrefix("q=") else { continue }
            guard let quality = thousandths(parameter.dropFirst(2)) else { return nil }
            weight = quality
        }
        self.weight = weight
    }

    /// True if the range names the media type of errors with a weight above 0.
    var namesProblems: Bool {
        weight > 0 && type == "application" && subtype == "problem+json"
    }

    func admits(_ offered: String) -> Bool {
        let essence = offered.prefix { $0 != ";" }.lowercased()
        let halves = essence.split(separator: "/")
        guard halves.count == 2 else { return false }
        return (type == "*" || type == halves[0]) && (subtype == "*" || subtype == halves[1])
    }
}

/// Reads a weight (RFC 9110 §12.4.2): `0` or `1`, with up to three decimals.
func thousandths(_ text: Substring) -> Int? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = Int(decimal: parts[0]), (0...1).contains(whole) else {
        return nil
    }
    let decimals = parts.count == 2 ? parts[1] : ""
    guard decimals.count <= 3, decimals.allSatisfy({ $0.isASCII && $0.isNumber }) else {
        return nil
    }
    let padded = decimals + String(repeating: "0", count: 3 - decimals.count)
    return min(1000, whole * 1000 + (Int(padded) ?? 0))
}
