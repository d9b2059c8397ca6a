/// Texts for people, such as descriptions.
enum PlainText {
    /// What is wrong with a text; nil for one of 1 to `limit` characters without control characters but
    /// line feed and tab.
    static func problem(_ text: String, limit: Int) -> String? {
        let isClean = text.unicodeScalars.allSatisfy {
            $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control
        }
        guard text.isEmpty || text.unicodeScalars.count > limit || !isClean else { return nil }
        return "expected 1 to \(limit) characters without control characters; leave it out for none"
    }
}
