import HTTPTypes

/// A write and the value that shows its effect.
struct Write: Sendable {
    var method: HTTPRequest.Method
    var path: String
    var body: String?
    /// The value that `marker(of:)` returns after this write; nil if the write deletes the object.
    var marker: String?

    static func subnet(_ name: String, cidr: String) -> Write {
        Write(
            method: .put, path: "/v1/regions/west/subnets/\(name)", body: #"{"cidr":"\#(cidr)"}"#,
            marker: cidr)
    }

    static func policy(_ name: String, order: Int) -> Write {
        Write(
            method: .put, path: "/v1/policies/\(name)",
            body: """
                {"apiVersion":"projectcalico.org/v3","kind":"GlobalNetworkPolicy",\
                "metadata":{"name":"\(name)"},"spec":{"order":\(order),"selector":"all()",\
                "ingress":[{"action":"Allow","protocol":"TCP","source":{"nets":["10.0.0.0/8"]},\
                "destination":{"ports":[80]}}]}}
                """,
            marker: "\(order)")
    }

    static func deletion(of write: Write) -> Write {
        Write(method: .delete, path: write.path, body: nil, marker: nil)
    }

    /// Returns the field of a subnet or policy that the writes of these tests change.
    static func marker(of document: [String: Any]) -> String? {
        if let cidr = document["cidr"] as? String { return cidr }
        let spec = document["spec"] as? [String: Any]
        return (spec?["order"] as? Int).map(String.init)
    }
}
