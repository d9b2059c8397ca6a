import Calico
package import Documents
import Domain

/// Several documents that are applied together, such as the files of a directory. Each document names its own object.
package struct Manifest: Sendable {
    package struct Item: Sendable {
        /// The index of the document in the manifest, from 0.
        package var index: Int
        package var name: ObjectName
        package var document: JSONValue
    }

    /// The maximum number of documents that are planned at once. One etcd transaction can change 126 objects by
    /// default, so the other documents of a larger manifest must leave their objects unchanged.
    package static let maximumDocuments = 1_000

    /// The number of documents. If it exceeds `maximumDocuments`, no document is read.
    package let count: Int
    package var items: [Item] = []
    /// The violations of documents that do not name their object, or that name the same object as an earlier document.
    package var violations = ViolationList()
    let places: DocumentNames

    /// Reads documents of kind Region, Subnet, GlobalNetworkPolicy, NetworkPolicy and CrossRegionPolicy. Also reads
    /// lists of such documents, in the form that calicoctl prints: an object with `items`.
    ///
    /// Pointers of violations begin with the index of the document. Each item of a list counts as one document.
    package init(_ documents: [StreamedDocument]) {
        let flat = documents.flatMap { document in
            let values = document.value.streamed
            return values.map {
                StreamedDocument($0, line: values.count == 1 ? document.line : nil)
            }
        }
        count = flat.count
        places = DocumentNames(lines: flat.map(\.line))
        // Does not read the documents if there are too many. The planner refuses such a manifest and needs only its
        // `count`.
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
                    pointer: "", rule: .applyEmpty, message: "the manifest has no documents"))
        }
    }
}

/// One document of a manifest. Only the members that name its object are read. Calico's kinds are read as Calico's
/// decoder reads them; the server's own kinds are read literally.
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

    /// Returns the name that the document gives its object. Adds a violation and returns nil if the name is missing.
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
                    "expected the name of a kind, such as Region, found \(wrong.typeName)")
                return nil
            }
            add(
                "/kind", .applyKind,
                "expected Region, Subnet, CrossRegionPolicy, GlobalNetworkPolicy or NetworkPolicy, found "
                    + (kind.map { "\"\($0)\"" } ?? "no kind"))
            return nil
        }
    }

    /// The advice about a missing name. A region or a subnet has its name beside `kind`. Any other object has its name
    /// in `metadata.name`. If the name is in the wrong place, the advice says where the name belongs.
    private var nameless: String {
        let isOurs = ["Region", "Subnet"].contains(identity.kind?.value)
        let misplaced = isOurs ? document["metadata"]?["name"] : document["name"]
        let hint =
            misplaced == nil
            ? "" : isOurs ? " here, not in metadata.name" : " here, not in name beside kind"
        return "the document must name its object" + hint
    }

    private mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }

    /// Returns the value of the member `field` of `object`. Adds a violation and returns nil if the member is missing,
    /// empty or not a string.
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

    /// Returns `metadata.name` of a Calico document. Adds a violation and returns nil if there is no valid name.
    private mutating func calicoName() -> String? {
        if let name = identity.name {
            // Accepts only a string or a whole number. YAML reads the unquoted name `no` as a boolean, and Go's decoder
            // would turn the boolean into the name "false". A number that is not whole may lose digits.
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

    /// Returns the message for a name that YAML has converted because it has no quotes. YAML does not read `no`, `on`
    /// and `1.10` as strings.
    private static func unquoted(_ value: JSONValue) -> String {
        switch value {
        case .bool(let value):
            "expected a string, found the boolean \(value)" + ObjectName.wordHint
        case .number(let number):
            "expected a string, found the number \(number.literal.cut(to: 64)): put the name in quotes"
        default: "expected a string, found \(value.typeName)"
        }
    }

    /// Returns the message for an `items` member that is not a list. calicoctl prints a list even for a single
    /// object.
    private static func unlisted(_ items: JSONValue) -> String {
        let found = items == .null ? "nothing" : items.typeName
        return "expected a list of documents, found \(found): begin each document with"
            + " a dash (-), even if there is only one"
    }

    /// Returns the region that owns the namespace `metadata.namespace`. Adds a violation and returns nil if no region
    /// owns it.
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

    /// Returns true if the violation is about `metadata` or about its member `field`.
    private static func isAbout(_ field: String, _ violation: Violation) -> Bool {
        let tokens = JSONPointer.tokens(violation.pointer).map { $0.lowercased() }
        return tokens == ["metadata"] || tokens == ["metadata", field]
    }
}

extension ObjectName {
    /// The rank of the object's kind in the plan of a manifest. Every kind comes after the kinds that it needs: regions
    /// first, then subnets, then policies.
    var dependencyRank: Int {
        switch self {
        case .region: 0
        case .subnet: 1
        case .policy, .regionPolicy: 2
        }
    }
}

extension RuleID {
    /// Violated when the kind of a document is not one that a manifest may contain.
    static let applyKind = RuleID("apply.kind")
    /// Violated when the manifest has no documents.
    static let applyEmpty = RuleID("apply.empty")
    /// Violated when two documents of a manifest name the same object.
    static let applyRepeated = RuleID("apply.repeated")
    /// Violated when the selector of `prune` also matches objects that carry no label.
    static let applyPrune = RuleID("apply.prune")
}

/// The names of a manifest's documents in answers. A name has the ordinal number of the document and, if known, its
/// line. The numbers begin at 1, although the indices in JSON pointers begin at 0 (RFC 6901).
package struct DocumentNames: Sendable {
    /// The line in which each document begins; nil if unknown.
    var lines: [Int?] = []

    /// Creates the names of documents that begin in `lines`.
    package init(lines: [Int?] = []) { self.lines = lines }

    /// Returns the name of the document at this index, such as "the 3rd document (line 14)".
    package func name(_ index: Int) -> String {
        let line = index < lines.count ? lines[index] : nil
        return "the \(Self.ordinal(index + 1)) document" + (line.map { " (line \($0))" } ?? "")
    }

    /// Returns a summary of `violations` that begins with the name of the first violation's document. The pointers of
    /// `violations` must begin with the index of a document.
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
