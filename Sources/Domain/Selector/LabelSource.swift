/// Where an evaluation finds labels: an endpoint, a network set, a plain dictionary.
package protocol LabelSource {
    /// The value of `label`, or nil when it is absent; absent and empty are different things.
    func value(ofLabel label: String) -> String?
}

extension Dictionary<String, String>: LabelSource {
    package func value(ofLabel label: String) -> String? { self[label] }
}
