import ControlPlane
package import Documents
package import Domain

/// The body of `POST /v1/access:check`: one question about the rights of the caller.
///
/// The question has one of three forms: a permission with an optional kind and optional regions; a permission with a
/// document that the caller wants to write; or a method with a path.
package struct AccessQuestion: Sendable {
    package enum Subject: Sendable, Equatable {
        /// The caller needs the permission for objects of `kind` in all of `regions`. Without `kind`, the caller needs
        /// the permission for all kinds. Without `regions`, one region is enough. Without both, one kind in one region
        /// is enough.
        case permission(Permission, kind: String?, regions: RegionSet?)
        /// A request with `method` and `path`. The answer considers only the region in the path, because a method and a
        /// path do not tell which other regions a policy touches.
        case request(method: String, path: String)
    }

    /// The question; nil if the body is invalid.
    package private(set) var subject: Subject?
    package private(set) var violations = ViolationList()

    package init(_ document: JSONValue) {
        guard let object = document.objectValue else {
            add("", .wrongType, "expected an object, found \(document.typeName)")
            return
        }
        for key in object.keys where !Self.fields.contains(key) {
            add(
                JSONPointer.append("", key), .unknownField,
                "unknown field; the known fields are \(Self.fields.joined(separator: ", "))")
        }
        let subject =
            object["path"] == nil && object["method"] == nil
            ? permission(object) : request(object)
        self.subject = violations.isEmpty ? subject : nil
    }

    private static let fields = ["permission", "kind", "regions", "document", "method", "path"]

    private mutating func request(_ object: JSONObject) -> Subject? {
        for key in ["permission", "kind", "regions", "document"] where object[key] != nil {
            add("/\(key)", .unknownField, "cannot be combined with method and path")
        }
        guard let method = text("method", in: object), let path = text("path", in: object) else {
            return nil
        }
        return .request(method: method, path: path)
    }

    private mutating func permission(_ object: JSONObject) -> Subject? {
        let name = text("permission", in: object)
        let permission = name.flatMap(Permission.init(rawValue:))
        if let name, permission == nil {
            let known = Permission.allCases.map(\.rawValue).joined(separator: ", ")
            add("/permission", .accessPermission, "expected one of \(known), found \"\(name)\"")
        }
        if let document = object["document"] {
            for key in ["kind", "regions"] where object[key] != nil {
                add(
                    "/\(key)", .unknownField,
                    "cannot be combined with document, because the document gives this value")
            }
            let (touched, wrong) = DocumentReach.by(document)
            violations += wrong.rewritten { $0.below("/document") }
            guard let permission, let touched else { return nil }
            return .permission(permission, kind: touched.kind, regions: touched.regions)
        }
        let kind = object["kind"] == nil ? nil : text("kind", in: object)
        let regions = regions(object)
        return permission.map { .permission($0, kind: kind, regions: regions) }
    }

    private mutating func regions(_ object: JSONObject) -> RegionSet? {
        guard let value = object["regions"] else { return nil }
        guard let elements = value.arrayValue else {
            add("/regions", .wrongType, "expected a list of names, found \(value.typeName)")
            return nil
        }
        var names: Set<String> = []
        for (index, element) in elements.enumerated() {
            guard let name = element.stringValue else {
                add("/regions/\(index)", .wrongType, "expected a name, found \(element.typeName)")
                continue
            }
            names.insert(name)
        }
        return names.contains(AccessAnswer.everyRegion) ? .all : .some(names)
    }

    private mutating func text(_ field: String, in object: JSONObject) -> String? {
        switch object[field] {
        case nil: add("/\(field)", .missingField, "\(field) is required")
        case .string(let text): return text
        case let value?: add("/\(field)", .wrongType, "expected a string, found \(value.typeName)")
        }
        return nil
    }

    private mutating func add(_ pointer: String, _ rule: RuleID, _ message: String) {
        violations.append(Violation(pointer: pointer, rule: rule, message: message))
    }
}

/// The answer to an `AccessQuestion`. It depends only on the rights of the caller, not on the stored objects.
package struct AccessAnswer: Sendable, Equatable {
    package var isAllowed: Bool
    package var reason: String
    /// The regions in which the caller lacks the permission. If the question is about all regions and the caller lacks
    /// the permission in some of them, the list contains only `everyRegion`.
    package var missing: [String] = []

    /// The text that means all regions. No region can have this name.
    package static let everyRegion = "*"

    package init(_ subject: AccessQuestion.Subject, for caller: Identity) {
        switch subject {
        case .permission(let permission, let kind, let regions):
            self.init(permission, kind: kind, regions: regions, for: caller)
        case .request(let method, let path):
            guard let (need, target) = RouteNeed.find(method: method, path: path) else {
                self.init(isAllowed: false, reason: "there is no route \(method) \(path)")
                return
            }
            switch need {
            case .nothing: self.init(isAllowed: true, reason: "the route is open to everyone")
            case .identity:
                self.init(isAllowed: true, reason: "the route is open to every principal")
            case .permission(let permission):
                self.init(
                    permission, kind: target.kind, regions: target.region.map { .some([$0]) },
                    for: caller)
                if isAllowed, target.region == nil {
                    reason += "; each object is then checked by the regions that it touches"
                }
            }
        }
    }

    private init(isAllowed: Bool, reason: String) {
        self.isAllowed = isAllowed
        self.reason = reason
    }

    private init(
        _ permission: Permission, kind: String?, regions: RegionSet?, for caller: Identity
    ) {
        let objects = kind.map { " for objects of kind \($0)" } ?? ""
        guard let regions else {
            isAllowed =
                kind.map { !caller.regions(for: permission, kind: $0).isEmpty }
                ?? caller.may(permission)
            reason =
                isAllowed
                ? "\(caller.principal) has \(permission.rawValue)\(objects) in at least one region"
                : "\(caller.principal) has no role that allows \(permission.rawValue)\(objects)"
            return
        }
        let own = caller.regions(for: permission, kind: kind)
        isAllowed = !own.isEmpty && regions.isSubset(of: own)
        switch (regions, own) {
        case (_, .all): missing = []
        case (.all, .some): missing = [Self.everyRegion]
        case (.some(let asked), .some(let own)): missing = asked.subtracting(own).sorted()
        }
        reason =
            isAllowed
            ? "\(caller.principal) has \(permission.rawValue)\(objects) in all these regions"
            : "\(caller.principal) lacks \(permission.rawValue)\(objects)"
                + (missing.isEmpty
                    ? ""
                    : missing == [Self.everyRegion]
                        ? " in some or all regions" : " in some regions")
    }

    package var document: JSONValue {
        [
            "allowed": .bool(isAllowed), "reason": .string(reason),
            "missing": .array(missing.map(JSONValue.string)),
        ]
    }
}

extension RuleID {
    /// Violated when the member `permission` is not the name of a permission.
    package static let accessPermission = RuleID("access.permission")
}
