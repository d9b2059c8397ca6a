extension RuleID {
    /// The text is not well-formed JSON.
    package static let jsonSyntax = RuleID("json.syntax")
    /// A number is not written as RFC 8259 section 6 demands.
    package static let jsonNumber = RuleID("json.number")
    /// A string has a bad escape or a raw control character.
    package static let jsonString = RuleID("json.string")
    /// Something follows the one value of the document.
    package static let jsonTrailingData = RuleID("json.trailing-data")
    /// The text is not UTF-8, or starts with a byte order mark.
    package static let documentEncoding = RuleID("document.encoding")
    /// There is no value in the text.
    package static let documentEmpty = RuleID("document.empty")
    /// An object names one key twice.
    package static let documentDuplicateKey = RuleID("document.duplicate-key")
    /// Arrays and objects are nested deeper than `DocumentLimits.depth`.
    package static let documentTooDeep = RuleID("document.too-deep")
    /// The document holds more values than `DocumentLimits.nodes`.
    package static let documentTooManyValues = RuleID("document.too-many-values")
    /// An object has more members than `DocumentLimits.members`.
    package static let documentTooManyMembers = RuleID("document.too-many-members")
    /// A number is longer than `DocumentLimits.numberLength`.
    package static let documentNumberTooLong = RuleID("document.number-too-long")
    /// A text has more directives than `YAMLDirectives.limit`.
    package static let documentTooManyDirectives = RuleID("document.too-many-directives")

    /// The rules that say that a document is larger than the reader takes.
    package static let documentBounds: Set<RuleID> = [
        .documentTooDeep, .documentTooManyValues, .documentTooManyMembers, .documentNumberTooLong,
        .documentTooManyDirectives,
    ]
}

extension RuleID {
    /// The text is not well-formed YAML.
    package static let yamlSyntax = RuleID("yaml.syntax")
    /// The stream holds several documents where one is expected.
    package static let yamlMultipleDocuments = RuleID("yaml.multiple-documents")
    /// A tag that JSON has no type for, or that its text does not fit.
    package static let yamlTag = RuleID("yaml.tag")
    /// A number that JSON cannot hold: infinity, not-a-number, or too large in hexadecimal, octal or binary.
    package static let yamlNumber = RuleID("yaml.number")
    /// A mapping key that is not a scalar, or is null.
    package static let yamlKey = RuleID("yaml.key")
    /// `<<` has something else than mappings, or comes behind a key that it would set as well.
    package static let yamlMerge = RuleID("yaml.merge")
}
