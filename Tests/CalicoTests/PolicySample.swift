import Calico
import Documents
import Domain

/// Small documents for tests, put together from fragments of JSON.
enum PolicySample {
    static func global(_ spec: String, metadata: String = #""name":"p""#) -> String {
        document("GlobalNetworkPolicy", spec, metadata)
    }

    static func namespaced(
        _ spec: String, metadata: String = #""name":"p","namespace":"openstack-region-one""#
    ) -> String {
        document("NetworkPolicy", spec, metadata)
    }

    static func networkSet(_ spec: String, metadata: String = #""name":"s""#) -> String {
        document("GlobalNetworkSet", spec, metadata)
    }

    static func tier(_ spec: String, name: String) -> String {
        document("Tier", spec, #""name":"\#(name)""#)
    }

    /// Returns a GlobalNetworkPolicy with one ingress rule that allows and has `fields`.
    static func ingress(_ fields: String) -> String {
        global(#""ingress":[{"action":"Allow",\#(fields)}]"#)
    }

    /// Returns a GlobalNetworkPolicy with one egress rule that allows and has `fields`.
    static func egress(_ fields: String) -> String {
        global(#""egress":[{"action":"Allow",\#(fields)}]"#)
    }

    private static func document(_ kind: String, _ spec: String, _ metadata: String) -> String {
        #"{"apiVersion":"projectcalico.org/v3","kind":"\#(kind)","metadata":{\#(metadata)},"#
            + #""spec":{\#(spec)}}"#
    }

    /// Returns the verdict on a document, by default as the kind that it names.
    static func judge(_ text: String, as kind: ResourceKind? = nil) throws -> CalicoVerdict {
        let document = try JSONParser.parse(text)
        let named = document["kind"]?.stringValue.flatMap(ResourceKind.init(rawValue:))
        return CalicoValidator.judge(document, kind: kind ?? named ?? .globalNetworkPolicy)
    }

    /// Returns `count` elements made by `element`, as the inside of a JSON list.
    static func repeated(_ count: Int, _ element: (Int) -> String) -> String {
        (0..<count).map(element).joined(separator: ",")
    }
}
