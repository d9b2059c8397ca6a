import HTTPCore
import Testing

@Suite struct NegotiationTests {
    private static let offered = ["application/json", "application/yaml", "text/plain"]

    /// RFC 9110 §12.5.1
    @Test(
        arguments: [
            (nil, "application/json"), ("*/*", "application/json"),
            ("application/yaml", "application/yaml"), ("APPLICATION/YAML", "application/yaml"),
            ("text/*", "text/plain"), ("text/html, */*;q=0.1", "application/json"),
            ("application/json;q=0.5, application/yaml;q=0.6", "application/yaml"),
            ("application/*;q=0.2, application/yaml", "application/yaml"),
            ("*/*, application/json;q=0", "application/yaml"),
            ("text/html", nil), ("application/json;q=0", nil), ("", nil),
            ("application/json;q=1.5", "application/json"), ("application/json;q=x", nil),
            ("application/yaml;q=0.001, nonsense", "application/yaml"),
            ("application/json; charset=utf-8 ; q=0.3", "application/json"),
            ("application/problem+json", "application/json"),
            ("text/html, application/problem+json;q=0.5", "application/json"),
            ("application/problem+json, text/plain;q=0.1", "text/plain"),
            ("application/problem+json, application/json;q=0", "application/yaml"),
            ("application/problem+json, */*;q=0", nil), ("application/problem+json;q=0", nil),
        ] as [(String?, String?)])
    func `picks what the client prefers`(accept: String?, expected: String?) {
        #expect(negotiate(accept: accept, offered: Self.offered) == expected)
    }

    @Test(
        arguments: [
            ("text/plain", "text/plain"), ("Text/Plain; charset=utf-8", "text/plain"),
            (" application/merge-patch+json ", "application/merge-patch+json"),
            ("text", nil), ("text/", nil), ("/plain", nil), ("a/b/c", nil), ("a b/c", nil),
            ("", nil),
        ] as [(String, String?)])
    func `a media type is compared without parameters`(text: String, essence: String?) {
        #expect(MediaType(text)?.essence == essence)
    }
}
