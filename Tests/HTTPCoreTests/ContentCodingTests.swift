import HTTPCore
import Testing

@Suite struct ContentCodingTests {
    @Test(arguments: [
        (nil, false), ("", false), ("gzip", true), ("GZIP", true), ("x-gzip", true),
        ("deflate, gzip;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.000", false),
        ("*", true), ("*;q=0", false), ("*;q=0, gzip", true), ("*, gzip;q=0", false),
        ("identity", false), ("br", false), ("gzip;q=2", false), ("gzip;q=x", false),
        ("gzipped", false), (" gzip ;q=1", true), (",,gzip,", true),
    ])
    func `gzip is used only if Accept-Encoding allows it`(value: String?, isAccepted: Bool) {
        #expect(ContentCoding.acceptsGzip(value) == isAccepted)
    }
}
