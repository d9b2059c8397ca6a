import Documents
import Domain
import Foundation
import Testing

/// The verdicts of Calico's own code in `Fixtures/`, one JSON object per line.
enum Verdicts {
    /// Returns every row of `Fixtures/<name>.jsonl`.
    static func rows(_ name: String) throws -> [JSONValue] {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "jsonl", subdirectory: "Fixtures"))
        let bytes = [UInt8](try Data(contentsOf: url))
        return try bytes.split(separator: UInt8(ascii: "\n")).map {
            try JSONParser.parse([UInt8]($0))
        }
    }
}
