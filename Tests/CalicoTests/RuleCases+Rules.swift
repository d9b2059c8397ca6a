extension RuleCases {
    static let matches: [Case] = [
        Case("rule.action", "/spec/ingress/0/action", Sample.global(#""ingress":[{}]"#)),
        Case(
            "rule.action", "/spec/egress/0/action", Sample.global(#""egress":[{"action":"allow"}]"#)
        ),
        Case("rule.ip-version", "/spec/ingress/0/ipVersion", Sample.ingress(#""ipVersion":5"#)),
        Case("protocol.format", "/spec/ingress/0/protocol", Sample.ingress(#""protocol":256"#)),
        Case(
            "protocol.format", "/spec/ingress/0/notProtocol", Sample.ingress(#""notProtocol":-1"#)),
        Case("protocol.format", "/spec/ingress/0/protocol", Sample.ingress(#""protocol":true"#)),
        Case("protocol.name", "/spec/ingress/0/protocol", Sample.ingress(#""protocol":"tcp""#)),
        Case(
            "protocol.number", "/spec/ingress/0/notProtocol", Sample.ingress(#""notProtocol":"0""#)),
        Case(
            "protocol.ip-version", "/spec/ingress/0/ipVersion",
            Sample.ingress(#""protocol":58,"ipVersion":4"#)),
        Case(
            "protocol.ip-version", "/spec/ingress/0/ipVersion",
            Sample.ingress(#""notProtocol":1,"ipVersion":6"#)),
        Case(
            "icmp.type", "/spec/ingress/0/icmp/type",
            Sample.ingress(#""protocol":"ICMP","icmp":{"type":255}"#)),
        Case(
            "icmp.code", "/spec/ingress/0/notICMP/code",
            Sample.ingress(#""notICMP":{"type":3,"code":256}"#)),
        Case(
            "icmp.code-without-type", "/spec/ingress/0/icmp/code",
            Sample.ingress(#""protocol":1,"icmp":{"code":0}"#)),
        Case(
            "icmp.protocol", "/spec/ingress/0/icmp", Sample.ingress(#""protocol":"TCP","icmp":{}"#)),
        Case("port.format", "/spec/ingress/0/source/ports/0", ports(#""90:80""#)),
        Case("port.format", "/spec/ingress/0/source/ports/0", ports("65536")),
        Case("port.format", "/spec/ingress/0/source/ports/0", ports(#""a b""#)),
        Case("port.number", "/spec/ingress/0/source/ports/1", ports("1,0")),
        Case("port.number", "/spec/ingress/0/source/ports/0", ports("null")),
        Case("port.name", "/spec/ingress/0/source/ports/0", ports(#""HTTP""#)),
        Case("port.name", "/spec/ingress/0/source/ports/0", ports(#""a--b""#)),
        Case(
            "port.count", "/spec/ingress/0/source/ports", ports(Sample.repeated(51) { "\($0 + 1)" })
        ),
        Case(
            "port.protocol", "/spec/ingress/0/source/ports",
            Sample.ingress(#""source":{"ports":[80]}"#)),
        Case(
            "port.protocol", "/spec/ingress/0/destination/notPorts",
            Sample.ingress(#""protocol":"UDPLite","destination":{"notPorts":["http"]}"#)),
        Case("net.format", "/spec/ingress/0/source/nets/0", nets(#""10.0.0.1""#)),
        Case("net.format", "/spec/ingress/0/source/nets/0", nets(#""10.0.0.0/33""#)),
        Case("net.format", "/spec/ingress/0/source/nets/0", nets("null")),
        Case("net.host-bits", "/spec/ingress/0/source/nets/0", nets(#""10.0.0.1/24""#)),
        Case(
            "net.count", "/spec/ingress/0/source/nets",
            nets(Sample.repeated(257) { "\"10.1.\($0 % 256).0/24\"" })),
        Case("net.families", "/spec/ingress/0/source/nets", nets(#""10.0.0.0/8","fe80::/10""#)),
        Case(
            "net.families", "/spec/ingress/0/destination/notNets",
            Sample.ingress(
                #""source":{"nets":["10.0.0.0/8"]},"destination":{"notNets":["fe80::/10"]}"#)),
        Case(
            "net.ip-version", "/spec/ingress/0/source/nets",
            Sample.ingress(#""ipVersion":6,"source":{"nets":["10.0.0.0/8"]}"#)),
        Case(
            "net.catch-all-negated", "/spec/ingress/0/source/notNets/0",
            Sample.ingress(#""source":{"notNets":["::/0"]}"#)),
    ]

    static let peers: [Case] = [
        Case(
            "service.name-required", "/spec/ingress/0/source/services/name",
            service(#""namespace":"n""#)),
        Case(
            "service.name-format", "/spec/ingress/0/source/services/name", service(#""name":"UP""#)),
        Case(
            "service.name-length", "/spec/ingress/0/source/services/namespace",
            service(#""name":"s","namespace":"\#(String(repeating: "x", count: 254))""#)),
        Case(
            "service.namespace-required", "/spec/ingress/0/source/services/namespace",
            service(#""name":"s""#)),
        Case(
            "service.side", "/spec/egress/0/source/services",
            Sample.egress(#""source":{"services":{"name":"s","namespace":"n"}}"#)),
        Case(
            "service.with-ports", "/spec/egress/0/destination/services",
            Sample.egress(
                #""protocol":"TCP","destination":{"ports":[80],"services":{"name":"s","namespace":"n"}}"#
            )),
        Case(
            "service.with-selector", "/spec/ingress/0/source/services",
            beside(#""notSelector":"all()""#)),
        Case(
            "service.with-namespace-selector", "/spec/ingress/0/source/services",
            beside(#""namespaceSelector":"all()""#)),
        Case(
            "service.with-nets", "/spec/ingress/0/source/services",
            beside(#""nets":["10.0.0.0/8"]"#)),
        Case(
            "service.with-service-accounts", "/spec/ingress/0/source/services",
            beside(#""serviceAccounts":{}"#)),
        Case("http.egress", "/spec/egress/0/http", Sample.egress(#""http":{}"#)),
        Case(
            "http.action", "/spec/ingress/0/http",
            Sample.global(#""ingress":[{"action":"Deny","http":{}}]"#)),
        Case(
            "http.protocol", "/spec/ingress/0/protocol", Sample.ingress(#""protocol":17,"http":{}"#)
        ),
        Case(
            "http.method-repeated", "/spec/ingress/0/http/methods/1",
            http(#""methods":["GET","GET"]"#)),
        Case(
            "http.count", "/spec/ingress/0/http/paths",
            http(#""paths":[\#(Sample.repeated(21) { #"{"exact":"/\#($0)"}"# })]"#)),
        Case("http.path-choice", "/spec/ingress/0/http/paths/0", http(#""paths":[{}]"#)),
        Case(
            "http.path-choice", "/spec/ingress/0/http/paths/0",
            http(#""paths":[{"exact":"/a","prefix":"/b"}]"#)),
        Case(
            "http.path-format", "/spec/ingress/0/http/paths/0/exact",
            http(#""paths":[{"exact":"/a?b"}]"#)),
        Case(
            "http.path-length", "/spec/ingress/0/http/paths/0/prefix",
            http(#""paths":[{"prefix":"/\#(String(repeating: "x", count: 1_024))"}]"#)),
    ]

    private static func ports(_ list: String) -> String {
        Sample.ingress(#""protocol":"TCP","source":{"ports":[\#(list)]}"#)
    }

    private static func nets(_ list: String) -> String {
        Sample.ingress(#""source":{"nets":[\#(list)]}"#)
    }

    private static func service(_ fields: String) -> String {
        Sample.ingress(#""source":{"services":{\#(fields)}}"#)
    }

    private static func beside(_ field: String) -> String {
        Sample.ingress(#""source":{\#(field),"services":{"name":"s","namespace":"n"}}"#)
    }

    private static func http(_ fields: String) -> String {
        Sample.ingress(#""http":{\#(fields)}"#)
    }
}
