import Documents
import Domain

extension GoDecoder {
    /// Reports a key that is no field of `type`, with the field that was probably meant.
    mutating func unknownField(_ key: String, in type: GoStruct, at pointer: String) {
        guard !violations.isFull else { return skipViolation() }
        let names = type.fields.map(\.name)
        let nearest = names.map { (name: $0, distance: Self.distance(key, $0)) }
            .min { $0.distance < $1.distance }
        let hint: String
        if let nearest, nearest.distance <= 2 {
            hint = "did you mean \(nearest.name)?"
        } else {
            hint = "the fields here are \(names.sorted().joined(separator: ", "))"
        }
        report(.unknownField, at: pointer, "there is no such field; \(hint)")
    }

    /// Levenshtein's edit distance, letter case ignored; lengths that differ by more than 2 are not measured.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = GoField.fold(left)
        let right = GoField.fold(right)
        guard abs(left.count - right.count) <= 2 else { return .max }
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let cost = byte == other ? diagonal : min(diagonal, row[j], row[j + 1]) + 1
                diagonal = row[j + 1]
                row[j + 1] = cost
            }
        }
        return row[right.count]
    }
}
