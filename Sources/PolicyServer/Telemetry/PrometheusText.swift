import ControlPlane

/// Writes Prometheus' text exposition format 0.0.4.
///
/// swift-metrics is only an interface and cannot write this format. The format has only three kinds of lines, so the
/// server needs no library for it.
package struct PrometheusText: Sendable {
    package private(set) var text = ""

    package init() {}

    package enum Kind: String, Sendable {
        case counter, gauge, histogram, summary
    }

    /// Writes the head of a metric family. The samples of the family must follow.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text +=
            "# HELP \(name) \(Self.escape(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    package mutating func sample(
        _ name: String, _ labels: [(name: String, value: String)] = [], _ value: Double
    ) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(Self.escape($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(Self.number(value))\n"
    }

    /// Writes the samples of a histogram whose family is `name`.
    mutating func samples(
        _ name: String, _ labels: [(name: String, value: String)] = [], _ histogram: Histogram
    ) {
        for (bound, count) in histogram.cumulative {
            sample(name + "_bucket", labels + [("le", Self.number(bound))], Double(count))
        }
        sample(name + "_sum", labels, histogram.sum)
        sample(name + "_count", labels, Double(histogram.count))
    }

    /// Writes a family with a single sample.
    package mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }

    /// Returns the number in Go's syntax. A whole number has no decimal point. The special values are `+Inf`, `-Inf`
    /// and `NaN`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
