/// The rows that say with which key checkpoints are signed from then on.
enum SigningKeyRow {
    static let kind = "SigningKey"
}
