import Calico
package import Documents
import Domain

/// Several documents that are applied together, such as the files of a directory. Each has the name it gives itself.
package struct Manifest: Sendable {
    package struct Item: Sendable {
        /// Position of the document in the manifest, from 0.
        package var index: Int
        package var name: ObjectName
        package var document: JSONValue
    }

    /// Documents that are planned at once. etcd takes 126 changed objects in one transaction by default;
    /// the rest has to be as it is already.
    package static let maximumDocuments = 1_000

    /// The number of documents. If there are more than `maximumDocuments`, none is read.
    package let count: Int
    package var items: [Item] = []
    /// The violations of documents that name no object, and of repeated ones.
    package var violations = ViolationList()
    let places: DocumentNames

    /// Documents of kind Region, Subnet, GlobalNetworkPolicy, NetworkPolicy and CrossRegionPolicy, and
    /// lists of them, as calicoctl prints them: an object with `items`.
    ///
    /// Pointers of violations begin with the document's position, an item of a list counting as one.
    package init(_ documents: [StreamedDocument]) {
        let flat = documents.flatMap { document in
            let values = document.value.streamed
            return values.map {
                StreamedDocument($0, line: values.count == 1 ? document.line : nil)
            }
        }
        count = flat.count
        places = DocumentNames(lines: flat.map(\.line))
        guard count <= Self.maximumDocuments else { return }
        var first: [ObjectName: Int] = [:]
        for (index, document) in flat.enumerated() {
            let pointer = "/\(index)"
            var namer = ManifestDocument(document.value)
            let name = namer.name()
            violations += namer.violations.rewritten { $0.below(pointer) }
            guard let name else { continue }
            if let earlier = first[name] {
                violations.append(
                    Violation(
                        pointer: pointer, rule: .applyRepeated,
                        message: "\(name) is already in \(places.name(earlier)): "
                            + "name each object once"
                    ))
                continue
            }
            first[name] = index
            items.append(Item(index: index, name: name, document: document.value))
        }
        if flat.isEmpty {
            violations.append(
                Violation(
                    pointer: "", rule: .applyEmpty, message: "the stream holds no document"))
        }
    }
}

/// One document of a manifest, read only as far as it names its object: kinds of Calico's as Calico's decoder reads them, our own
/// as they are written.
private struct ManifestDocument {
    private let document: JSONValue
    private let identity: CalicoIdentity
    /// The decoder's violations about the members that name an object.
    private let undecoded: ViolationList
    private(set) var violations = ViolationList()

    init(_ document: JSONValue) {
        self.document = document
        (identity, undecoded) = CalicoIdentity.read(document)
    }

    /// Returns the name that the document gives itself; nil, with a violation, if it gives none.
    mutating func name() -> ObjectName? {
        guard case .object = document else {
            add("", .wrongType, "expected an object, found \(document.typeName)")
            return nil
        }
        if let foreign = ForeignManifest.violation(identity) {
            violations.append(foreign)
            return nil
        }
        switch identity.kind?.value {
        case "Region": return text("name", in: document).map { .region($0) }
        case "Subnet":
            let region = text("region", in: document)
            let name = text("name", in: document)
            guard let region, let name else { return nil }
            return .subnet(region: region, name: name)
        case CrossRegionPolicy.kind:
            guard let metadata = document["metadata"], metadata.objectValue != nil else {
                add("/metadata/name", .missingField, nameless)
                return nil
            }
            return text("name", in: metadata, at: "/metadata").map { .policy($0) }
        case "GlobalNetworkPolicy": return calicoName().map { .policy($0) }
        case "NetworkPolicy":
            let name = calicoName()
            guard let region = namespaceRegion() else { return nil }
            return name.map { .regionPolicy(region: region, name: $0) }
        case let kind:
            if let items = document["items"] {
                add("/items", .wrongType, Self.unlisted(items))
                return nil
            }
            if let wrong = document["kind"], kind == nil, wrong != .null {
                add(
                    "/kind", .wrongType,
                    "expected the name of a kind, found \(wrong.typeName): write kind: Region")
                return nil
            }
            add(
                "/kind", .applyKind,
                "expected Region, Subnet, CrossRegionPolicy, GlobalNetworkPolicy or NetworkPolicy, found "
                    + (kind.map { "\"\($0)\"" } ?? "no kind"))
            return nil
        }
    }

    /// Advice about a missing name. The member that holds it depends on the kind, and clients mix them up.
    private var nameless: String {
        let isOurs = ["Region", "Subnet"].contains(identity.kind?.value)
        let misplaced = isOurs ? document["metadata"]?["name"] : document["name"]
        let hint =
            misplaced == nil
            ? "" : isOurs ? " here, not in metadata.name" : " here, not in name beside kind"
        return "the document has to name its object" + hint
    }

    private mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    /// A member of an object of ours.
    private mutating func text(
        _ field: String, in object: JSONValue, at pointer: String = ""
    ) -> String? {
        let place = JSONPointer.append(pointer, field)
        switch object[field] {
        case nil, .string(""): add(place, .missingField, nameless)
        case .string(let text): return text
        case .null: add(place, .blank, "is blank: " + nameless)
        case let value?: add(place, .wrongType, Self.unquoted(value))
        }
        return nil
    }

    /// `metadata.name` of a document of Calico's.
    private mutating func calicoName() -> String? {
        if let name = identity.name {
            // Go's decoder takes "false" for the name of a policy that somebody called no. A whole number is the
            // text that it looks like.
            let value = document.value(at: JSONPointer.tokens(name.pointer))
            guard let value, value.stringValue == nil, value.numberValue?.int64 == nil else {
                return name.value
            }
            add(name.pointer, .wrongType, Self.unquoted(value))
            return nil
        }
        if let wrong = undecoded.first(where: { Self.isAbout("name", $0) }) {
            violations.append(wrong)
        } else {
            add("/metadata/name", .missingField, nameless)
        }
        return nil
    }

    /// Says what YAML made of a name without quotes: `no`, `on` and `1.10` are no texts to it.
    private static func unquoted(_ value: JSONValue) -> String {
        switch value {
        case .bool(let value):
            "expected a string, found the boolean \(value)" + ObjectName.wordHint
        case .number(let number):
            "expected a string, found the number \(number.literal.cut(to: 64)): put the name in quotes"
        default: "expected a string, found \(value.typeName)"
        }
    }

    /// Says what belongs into `items`, where it is no list: calicoctl prints one, also for a single object.
    private static func unlisted(_ items: JSONValue) -> String {
        let found = items == .null ? "nothing" : items.typeName
        return "expected a list of documents, found \(found): begin each with a dash (-), also a"
            + " single one"
    }

    /// The region whose namespace `metadata.namespace` is.
    private mutating func namespaceRegion() -> String? {
        let namespace = identity.namespace
        if let region = namespace.flatMap({ RegionNamespace.region(of: $0.value) }) {
            return region
        }
        if let wrong = undecoded.first(where: { Self.isAbout("namespace", $0) }) {
            violations.append(wrong)
            return nil
        }
        let example = RegionNamespace.of(region: "xyz-west")
        let found = namespace.map { ", found \"\($0.value)\"" } ?? ""
        add(
            namespace?.pointer ?? "/metadata/namespace", .regionMismatch,
            "expected the namespace of a region, such as \"\(example)\"\(found)")
        return nil
    }

    /// Returns true if the decoder refused `metadata`, or this member of it.
    private static func isAbout(_ field: String, _ violation: Violation) -> Bool {
        let tokens = JSONPointer.tokens(violation.pointer).map { $0.lowercased() }
        return tokens == ["metadata"] || tokens == ["metadata", field]
    }
}

extension ObjectName {
    /// The position of the object's kind in a manifest's plan: after the kinds that it needs.
    var dependencyRank: Int {
        switch self {
        case .region: 0
        case .subnet: 1
        case .policy, .regionPolicy: 2
        }
    }
}

extension RuleID {
    /// A document is of a kind that cannot be applied.
    static let applyKind = RuleID("apply.kind")
    /// A manifest without documents.
    static let applyEmpty = RuleID("apply.empty")
    /// Two documents of a manifest name the same object.
    static let applyRepeated = RuleID("apply.repeated")
    /// `prune` would remove objects that carry no label.
    static let applyPrune = RuleID("apply.prune")
}

/// The names of a manifest's documents in answers: as people count, and by the line where that is known. Pointers count
/// from 0 (RFC 6901).
struct DocumentNames: Sendable {
    /// The line in which each document begins.
    var lines: [Int?] = []

    /// The name of the document with this index: "the 3rd document (line 14)".
    func name(_ index: Int) -> String {
        let line = index < lines.count ? lines[index] : nil
        return "the \(Self.ordinal(index + 1)) document" + (line.map { " (line \($0))" } ?? "")
    }

    /// The first of `violations`, which have pointers into the manifest, with the name of its document.
    func summary(_ violations: ViolationList) -> String {
        let index = violations.first.flatMap { JSONPointer.tokens($0.pointer).first }
        let document = index.flatMap { Int($0) }.map { name($0) + ": " }
        return (document ?? "") + violations.summary
    }

    private static func ordinal(_ number: Int) -> String {
        let suffix =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(suffix)"
    }
}
