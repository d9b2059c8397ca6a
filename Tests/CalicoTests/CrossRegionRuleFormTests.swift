import Calico
import Domain
import Testing

@Suite("Rules of a CrossRegionPolicy that compile to several rules")
struct CrossRegionRuleFormTests {
    @Test("a deny comes before every allow that may have the same receiver")
    func copies() throws {
        let specs = try CrossRegionSample.specs(
            """
            allow:
            - {from: {any: true}, to: {projectName: x}}
            - {from: {any: true}, to: {region: a}}
            - {from: {any: true}, to: {region: a, projectName: z}}
            deny:
            - {from: {nets: [10.0.0.0/8]}, to: {region: a}}
            - {from: {nets: [10.0.0.0/8]}, to: {region: b, projectName: x}}
            """)
        let a = #"projectcalico.org/namespace == \"openstack-region-a\""#
        let x = #"projectcalico.org/openstack-project-name == \"x\""#
        let b = #"projectcalico.org/namespace == \"openstack-region-b\" && "# + x
        let y = a + #" && projectcalico.org/openstack-project-name == \"z\""#
        func spec(_ selector: String, _ rules: String...) -> String {
            #"{"selector":"\#(selector)","types":["Ingress"],"ingress":["#
                + rules.joined(separator: ",") + "]}"
        }
        func deny(_ destination: String?) -> String {
            #"{"action":"Deny","source":{"nets":["10.0.0.0/8"]}"#
                + (destination.map { #","destination":{"selector":"\#($0)"}"# } ?? "") + "}"
        }
        let allow = #"{"action":"Allow"}"#
        #expect(
            specs == [
                spec(a, deny(nil), allow), spec(b, deny(nil)), spec(x, deny(a), deny(b), allow),
                spec(y, deny(nil), allow),
            ])
    }

    @Test("a copied deny names a subnet by its network beside other conditions")
    func copiedSubnets() throws {
        let specs = try CrossRegionSample.specs(
            """
            allow: [{from: {any: true}, to: {projectName: x}}]
            deny:
            - {from: {any: true}, to: {subnet: xyz-east/web}}
            - {from: {any: true}, to: {subnet: xyz-east/web, network: m}}
            """)
        #expect(
            specs.last
                == #"{"selector":"projectcalico.org/openstack-project-name == \"x\"","types":["Ingress"],"ingress":["#
                + #"{"action":"Deny","destination":{"selector":"policyserver/region == \"xyz-east\" && policyserver/subnet == \"web\""}},"#
                + #"{"action":"Deny","destination":{"selector":"projectcalico.org/namespace == \"openstack-region-xyz-east\" && projectcalico.org/openstack-network-name == \"m\"","nets":["10.1.0.0/24"]}},"#
                + #"{"action":"Allow"}]}"#)
    }

    @Test("networks of both families, or exclusions of one, compile to two rules")
    func families() throws {
        func rules(_ rule: String) throws -> String {
            let spec = try #require(try CrossRegionSample.specs("allow: [\(rule)]").first)
            return String(spec.split(separator: "[", maxSplits: 2).last ?? "")
        }
        #expect(
            try rules("{from: {nets: [10.0.0.0/8, 2001:db8::/32]}, to: {region: r}}")
                == #"{"action":"Allow","ipVersion":4,"source":{"nets":["10.0.0.0/8"]}},{"action":"Allow","ipVersion":6,"source":{"nets":["2001:db8::/32"]}}]}"#
        )
        #expect(
            try rules("{from: {notNets: [10.0.0.0/8]}, to: {region: r}}")
                == #"{"action":"Allow","ipVersion":4,"source":{"notNets":["10.0.0.0/8"]}},{"action":"Allow","ipVersion":6}]}"#
        )
        #expect(
            try rules("{from: {notNets: [10.0.0.0/8]}, to: {region: r}, protocol: ICMPv6}")
                == #"{"action":"Allow","ipVersion":6,"protocol":"ICMPv6"}]}"#)
        #expect(
            try rules(
                "{from: {nets: [2001:db8::/32, 10.0.0.0/8]}, to: {region: r, nets: [10.1.0.0/16]}}")
                == #"{"action":"Allow","ipVersion":4,"source":{"nets":["10.0.0.0/8"]},"destination":{"nets":["10.1.0.0/16"]}}]}"#
        )
    }
}
