import Yams

/// What a node's tag says about its type.
enum YAMLTag: Equatable {
    /// No tag: the text decides.
    case none
    /// A type of the YAML 1.1 repository that JSON has too.
    case string, integer, float, boolean, null, sequence, mapping, merge
    /// Any other, as written.
    case other(String)

    init(_ tag: Tag) {
        switch tag.description {
        // goyaml.v2 takes the non-specific tag `!` for none.
        case "", "!", Self.plainMark: self = .none
        case "tag:yaml.org,2002:str": self = .string
        case "tag:yaml.org,2002:int": self = .integer
        case "tag:yaml.org,2002:float": self = .float
        case "tag:yaml.org,2002:bool": self = .boolean
        case "tag:yaml.org,2002:null": self = .null
        case "tag:yaml.org,2002:seq": self = .sequence
        case "tag:yaml.org,2002:map": self = .mapping
        case "tag:yaml.org,2002:merge": self = .merge
        case let other: self = .other(other)
        }
    }

    /// Yams resolves the tags of keys to compare them, and forgets which had none. This resolver gives every
    /// untagged scalar one mark, by which it is known afterwards.
    static let markingPlain: Resolver =
        (try? Resolver.basic.appending(Tag.Name(rawValue: plainMark), "^")) ?? .basic

    private static let plainMark = "plain"
}
