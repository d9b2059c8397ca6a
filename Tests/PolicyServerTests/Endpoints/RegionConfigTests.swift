import Documents
import Domain
import PolicyServer
import Testing

struct RegionConfigTests {
    @Test func `the text has the exact lines of both files and the warning`() {
        let expected = """
            # /etc/calico/felix.cfg on every compute host
            [global]
            OpenstackRegion = xyz-west

            # /etc/neutron/neutron.conf on every controller and compute node
            [calico]
            openstack_region = xyz-west

            # Warning: the two must be the same. If they differ, no VM launches in this region:
            # Neutron sees no living compute host.

            """
        #expect(RegionConfig(region: "xyz-west").text == expected)
    }

    @Test func `the document has the same lines`() {
        let document = RegionConfig(region: "xyz-west").document
        #expect(document["namespace"] == "openstack-region-xyz-west")
        let lines = document["files"]?.arrayValue?.compactMap { $0["lines"] }
        #expect(
            lines == [
                ["[global]", "OpenstackRegion = xyz-west"],
                ["[calico]", "openstack_region = xyz-west"],
            ])
    }
}
