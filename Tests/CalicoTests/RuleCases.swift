import Calico

/// Documents with one mistake each.
enum RuleCases {
    typealias Case = RuleTableTests.Case
    typealias Sample = PolicySample

    private static let long = String(repeating: "x", count: 300)

    static let envelope: [Case] = [
        Case("calico.kind-not-written", "/kind", "{}", as: .workloadEndpoint),
        Case("calico.kind", "/kind", Sample.global(""), as: .networkPolicy),
        Case("calico.kind", "/kind", "{}", as: .networkPolicy),
        Case("calico.api-version", "/apiVersion", #"{"kind":"Tier","apiVersion":"v1"}"#),
        Case("calico.unknown-field", "/spec/ingres", Sample.global(#""ingres":[]"#)),
        Case("calico.unknown-field", "/status", #"{"kind":"NetworkPolicy","status":{}}"#),
        Case("calico.unknown-field", "/spec/preDNAT", Sample.namespaced(#""preDNAT":false"#)),
        Case("calico.unknown-field", "/metadata/a~1b", Sample.global("", metadata: #""a/b":1"#)),
        Case(
            "calico.repeated-field", "/metadata/namE",
            Sample.global(
                "",
                metadata:
                    #""name":"p","Name":"p","nAme":"p","naMe":"p","NAme":"p","NaMe":"p","nAMe":"p","#
                    + #""NAMe":"p","NAME":"p","namE":"p""#)),
        Case("calico.type", "", "[]"),
        Case("calico.type", "/spec", #"{"kind":"Tier","spec":[]}"#),
        Case("calico.type", "/spec/order", Sample.global(#""order":"10""#)),
        Case("calico.type", "/spec/types", Sample.global(#""types":"Ingress""#)),
        Case("calico.type", "/spec/selector", Sample.global(#""selector":["a"]"#)),
        Case("calico.type", "/spec/ingress/0/ipVersion", Sample.ingress(#""ipVersion":4.5"#)),
        Case("calico.type", "/spec/doNotTrack", Sample.global(#""doNotTrack":"true""#)),
        Case(
            "calico.type", "/metadata/creationTimestamp",
            Sample.global("", metadata: #""name":"p","creationTimestamp":"yesterday""#)),
        Case("metadata.name-format", "/metadata/name", Sample.global("", metadata: "")),
        Case(
            "metadata.name-format", "/metadata/name",
            Sample.networkSet("", metadata: #""name":"a_b""#)),
        Case(
            "metadata.name-length", "/metadata/name",
            Sample.global("", metadata: #""name":"\#(long)""#)),
        Case("metadata.name-length", "/metadata/name", Sample.tier("", name: long)),
        Case(
            "metadata.name-dots", "/metadata/name", Sample.global("", metadata: #""name":"a.b.c""#)),
        Case(
            "metadata.name-dots", "/metadata/name",
            Sample.global("", metadata: #""name":"ossg.default.x""#)),
        Case("metadata.name-dots", "/metadata/name", Sample.tier("", name: "a.b")),
        Case(
            "metadata.namespace-required", "/metadata/namespace",
            Sample.namespaced("", metadata: #""name":"p""#)),
        Case(
            "metadata.label-key", "/metadata/labels/a~1b~1c",
            Sample.global("", metadata: #""name":"p","labels":{"a/b/c":"d"}"#)),
        Case(
            "metadata.label-value", "/metadata/labels/a",
            Sample.global("", metadata: #""name":"p","labels":{"a":"b c"}"#)),
        Case(
            "metadata.annotation-key", "/metadata/annotations/",
            Sample.global("", metadata: #""name":"p","annotations":{"":"x"}"#)),
        Case(
            "metadata.annotation-key", "/spec/ingress/0/metadata/annotations/a b",
            Sample.ingress(#""metadata":{"annotations":{"a b":"c"}}"#)),
        Case(
            "metadata.annotations-size", "/metadata/annotations",
            Sample.global(
                "",
                metadata:
                    #""name":"p","annotations":{"a":"\#(String(repeating: "x", count: 262_144))"}"#)
        ),
    ]

    static let spec: [Case] = [
        Case("policy.tier-name", "/spec/tier", Sample.global(#""tier":"UP""#)),
        Case("policy.tier-length", "/spec/tier", Sample.global(#""tier":"\#(long)""#)),
        Case(
            "policy.rule-count", "/spec/ingress",
            Sample.global(#""ingress":[\#(Sample.repeated(1_025) { _ in #"{"action":"Log"}"# })]"#)),
        Case("policy.types-value", "/spec/types/0", Sample.global(#""types":["ingress"]"#)),
        Case(
            "policy.types-repeated", "/spec/types/1", Sample.global(#""types":["Egress","Egress"]"#)
        ),
        Case(
            "policy.hint-value", "/spec/performanceHints/0",
            Sample.global(#""performanceHints":["Foo"]"#)),
        Case(
            "policy.hint-repeated", "/spec/performanceHints/1",
            Sample.namespaced(
                #""performanceHints":["AssumeNeededOnEveryNode","AssumeNeededOnEveryNode"]"#)),
        Case(
            "policy.untracked-and-prednat", "/spec/preDNAT",
            Sample.global(#""preDNAT":true,"doNotTrack":true,"applyOnForward":true"#)),
        Case(
            "policy.prednat-egress-rules", "/spec/egress",
            Sample.global(#""preDNAT":true,"applyOnForward":true,"egress":[{"action":"Allow"}]"#)),
        Case(
            "policy.prednat-egress-type", "/spec/types/0",
            Sample.global(#""preDNAT":true,"applyOnForward":true,"types":["Egress"]"#)),
        Case(
            "policy.apply-on-forward", "/spec/applyOnForward", Sample.global(#""doNotTrack":true"#)),
        Case("selector.syntax", "/spec/selector", Sample.global(#""selector":"a = 'b'""#)),
        Case(
            "selector.syntax", "/spec/serviceAccountSelector",
            Sample.namespaced(#""serviceAccountSelector":"x""#)),
        Case(
            "selector.syntax", "/spec/ingress/0/source/serviceAccounts/selector",
            Sample.ingress(#""source":{"serviceAccounts":{"selector":"a"}}"#)),
        Case(
            "selector.length", "/spec/ingress/0/destination/notSelector",
            Sample.ingress(
                #""destination":{"notSelector":"a == '\#(String(repeating: "x", count: 1_018))'"}"#)
        ),
        Case(
            "selector.global", "/spec/namespaceSelector",
            Sample.global(#""namespaceSelector":"global()""#)),
        Case("selector.global", "/spec/selector", Sample.global(#""selector":"a == 'global('""#)),
        Case(
            "selector.global-alone", "/spec/egress/0/destination/namespaceSelector",
            Sample.egress(#""destination":{"namespaceSelector":"global() || has(a)"}"#)),
        Case(
            "selector.global-alone", "/spec/egress/0/destination/namespaceSelector",
            Sample.egress(#""destination":{"namespaceSelector":"(global())"}"#)),
        Case("networkset.net", "/spec/nets/0", Sample.networkSet(#""nets":["10.0.0.0/"]"#)),
        Case(
            "networkset.namespace-label", "/metadata/labels/projectcalico.org~1namespace",
            Sample.networkSet(
                "", metadata: #""name":"s","labels":{"projectcalico.org/namespace":"x"}"#)),
        Case(
            "tier.default-action", "/spec/defaultAction",
            Sample.tier(#""defaultAction":"Log""#, name: "t")),
        Case(
            "tier.well-known-action", "/spec/defaultAction",
            Sample.tier(#""order":1000"#, name: "kube-admin")),
        Case("tier.well-known-order", "/spec/order", Sample.tier(#""order":1"#, name: "default")),
    ]
}
