import Documents
import Domain

extension RuleID {
    static let serviceWithSelector = RuleID("service.with-selector")
    static let serviceWithNamespaceSelector = RuleID("service.with-namespace-selector")
    static let serviceWithNets = RuleID("service.with-nets")
    static let serviceWithServiceAccounts = RuleID("service.with-service-accounts")
}

/// One side of a rule: its selectors, and what cannot stand beside `services`.
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
