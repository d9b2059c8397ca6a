import Documents
import Domain

extension RuleID {
    static let selectorSyntax = RuleID("selector.syntax")
    static let selectorLength = RuleID("selector.length")
    static let selectorGlobal = RuleID("selector.global")
    static let selectorGlobalAlone = RuleID("selector.global-alone")
}

/// Rules about the selectors in all fields.
enum SelectorRules {
    static let all: [RuleID] = [
        .selectorSyntax, .selectorLength, .selectorGlobal, .selectorGlobalAlone,
    ]

    /// The maximum length of a selector in characters (`maxLength` of the CRDs).
    static let maxLength = 1_024

    /// The restrictions, besides the grammar, on a selector in a particular field.
    struct Position: OptionSet {
        let rawValue: Int
        /// The selector must have at most 1,024 characters.
        static let limited = Position(rawValue: 1)
        /// `global()` is not allowed.
        static let notGlobal = Position(rawValue: 2)
        /// `global()` is allowed only as the whole selector.
        static let globalAlone = Position(rawValue: 4)
    }

    /// Checks the selector in the field `name` of `record`.
    static func check(
        _ name: String, of record: GoRecord, _ position: Position,
        into report: inout ViolationReport
    ) {
        let text = record.string(name)
        guard !text.isEmpty else { return }
        let pointer = record.pointer(to: name)
        // Counts the characters only if the selector has more than `maxLength` bytes. The number of bytes is known at
        // once and is never less than the number of characters.
        if position.contains(.limited), text.utf8.count > maxLength,
            text.unicodeScalars.count > maxLength
        {
            report.add(
                .selectorLength, at: pointer,
                "must have at most \(maxLength) characters; it has \(text.unicodeScalars.count)")
        }
        do {
            _ = try Selector(parsing: text)
        } catch {
            report.add(.selectorSyntax, at: pointer, error.description)
        }
        global(text, position, at: pointer, into: &report)
    }

    private static func global(
        _ text: String, _ position: Position, at pointer: String, into report: inout ViolationReport
    ) {
        // Like Calico, searches for the string `global(` everywhere, even inside quotes.
        guard mentionsGlobal(text) else { return }
        if position.contains(.notGlobal) {
            report.add(
                .selectorGlobal, at: pointer,
                "global() is allowed only in a rule's namespaceSelector")
        }
        if position.contains(.globalAlone), !isOnlyGlobal(text) {
            report.add(
                .selectorGlobalAlone, at: pointer,
                "global() must be the whole namespaceSelector, not part of a longer one")
        }
    }

    private static func mentionsGlobal(_ text: String) -> Bool {
        let bytes = text.utf8
        var start = bytes.startIndex
        while let found = bytes[start...].firstIndex(of: UInt8(ascii: "g")) {
            if bytes[found...].starts(with: "global(".utf8) { return true }
            start = bytes.index(after: found)
        }
        return false
    }

    private static func isOnlyGlobal(_ text: String) -> Bool {
        text.utf8.filter { $0 != 0x20 && $0 != 0x09 }.elementsEqual("global()".utf8)
    }
}

extension RuleID {
    static let serviceWithSelector = RuleID("service.with-selector")
    static let serviceWithNamespaceSelector = RuleID("service.with-namespace-selector")
    static let serviceWithNets = RuleID("service.with-nets")
    static let serviceWithServiceAccounts = RuleID("service.with-service-accounts")
}

/// Rules about one side of a rule: the selectors, and the fields that cannot be combined with `services`.
enum EntityRules {
    static let all: [RuleID] = [
        .serviceWithSelector, .serviceWithNamespaceSelector, .serviceWithNets,
        .serviceWithServiceAccounts,
    ]

    static func check(_ entity: GoRecord, into report: inout ViolationReport) {
        SelectorRules.check("selector", of: entity, [.limited, .notGlobal], into: &report)
        SelectorRules.check("notSelector", of: entity, .limited, into: &report)
        SelectorRules.check(
            "namespaceSelector", of: entity, [.limited, .globalAlone], into: &report)
        if let accounts = entity.record("serviceAccounts") {
            SelectorRules.check("selector", of: accounts, [], into: &report)
        }
        if let services = entity.record("services") {
            exclusions(entity, services, into: &report)
        }
    }

    private static func exclusions(
        _ entity: GoRecord, _ services: GoRecord, into report: inout ViolationReport
    ) {
        func exclude(_ rule: RuleID, _ what: String) {
            report.add(
                rule, at: services.pointer,
                "services cannot be combined with \(what) on the same side of a rule")
        }
        if !entity.string("selector").isEmpty || !entity.string("notSelector").isEmpty {
            exclude(.serviceWithSelector, "selector or notSelector")
        }
        if !entity.string("namespaceSelector").isEmpty {
            exclude(.serviceWithNamespaceSelector, "namespaceSelector")
        }
        if !entity.list("nets").isEmpty || !entity.list("notNets").isEmpty {
            exclude(.serviceWithNets, "nets or notNets")
        }
        if entity["serviceAccounts"] != nil {
            exclude(.serviceWithServiceAccounts, "serviceAccounts")
        }
    }
}
