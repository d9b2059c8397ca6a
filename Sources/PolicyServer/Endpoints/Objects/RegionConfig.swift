package import Documents
import Domain

/// The configuration lines that give the hosts of one region the region's name.
///
/// Felix's `OpenstackRegion` and Neutron's `openstack_region` must be the same. If they differ, no VM starts in the
/// region: Felix reports under one namespace, and Neutron looks for live hosts under another (networking-calico,
/// `status.py`).
package struct RegionConfig: Sendable {
    package var region: String

    package init(region: String) { self.region = region }

    private struct File {
        var path: String
        var hosts: String
        var lines: [String]
    }

    private var files: [File] {
        [
            File(
                path: "/etc/calico/felix.cfg", hosts: "every compute host",
                lines: ["[global]", "OpenstackRegion = \(region)"]),
            File(
                path: "/etc/neutron/neutron.conf", hosts: "every controller and compute node",
                lines: ["[calico]", "openstack_region = \(region)"]),
        ]
    }

    private let warning = [
        "the two must be the same. If they differ, no VM launches in this region:",
        "Neutron sees no living compute host.",
    ]

    /// The lines as text that a person can read or append to the files.
    package var text: String {
        var text = ""
        for file in files {
            text += "# \(file.path) on \(file.hosts)\n"
            text += file.lines.joined(separator: "\n") + "\n\n"
        }
        return text + "# Warning: " + warning.joined(separator: "\n# ") + "\n"
    }

    /// The lines as a document for programs.
    package var document: JSONValue {
        [
            "region": .string(region),
            "namespace": .string("openstack-region-\(region)"),
            "files": .array(
                files.map { file in
                    [
                        "path": .string(file.path), "hosts": .string(file.hosts),
                        "lines": .array(file.lines.map(JSONValue.string)),
                    ]
                }),
            "warning": .string("The" + warning.joined(separator: " ").dropFirst(3)),
        ]
    }
}
