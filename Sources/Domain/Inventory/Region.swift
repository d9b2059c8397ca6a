package import Documents

/// An OpenStack region that shares the etcd.
package struct Region: Sendable, Equatable {
    /// The name. `RegionName` has the rules for it.
    package var name: String
    /// The display name, 1–255 characters.
    package var displayName: String?
    /// The description, 1–4096 characters.
    package var description: String?
    /// The 0–64 networks that contain the region's subnets. A region without address blocks may use every network
    /// that no other region has.
    package var addressBlocks: [CIDR]
    package var labels: [String: String]

    package init(
        name: String, displayName: String? = nil, description: String? = nil,
        addressBlocks: [CIDR] = [], labels: [String: String] = [:]
    ) {
        self.name = name
        self.displayName = displayName
        self.description = description
        self.addressBlocks = addressBlocks
        self.labels = labels
    }
}

extension Region {
    package static let maximumBlocks = 64

    /// Reads the region in a client's document. The `name` comes from the request's path.
    package static func decode(_ document: JSONValue, name: String) -> DocumentReading<Region> {
        var reader = InventoryReader(document, kind: "Region", name: name)
        reader.check(RegionName.violation(name))
        let region = Region(
            name: name, displayName: reader.displayName(), description: reader.description(),
            addressBlocks: reader.blocks("addressBlocks", limit: maximumBlocks),
            labels: reader.labels())
        return reader.finish(region, hasNamespace: true)
    }
}

/// The legal names of regions. A name is part of the namespace `openstack-region-<region>`. A namespace has at most
/// 63 characters, so a name has at most 46 (networking-calico `config.py`).
package enum RegionName {
    package static let maximumLength = 46

    /// Returns true if the name is legal: 1–46 lower-case letters, digits and '-', alphanumeric at both ends. The
    /// name `none` is illegal, because Felix reads it as "no region".
    package static func isLegal(_ name: String) -> Bool {
        name != "none" && name.utf8.count <= maximumLength && DNSLabel.isLegal(name)
    }

    /// Returns the violation of an illegal name; nil if the name is legal. The message suggests a legal name if there
    /// is a similar one.
    package static func violation(_ name: String) -> Violation? {
        guard !isLegal(name) else { return nil }
        let rule =
            name == "none"
            ? "Felix reads \"none\" as no region: choose another name"
            : "a region name has 1 to 46 lower-case letters, digits and '-', with a letter or digit "
                + "at both ends"
        let hint = suggestion(for: name).map { "; try \"\($0)\"" } ?? ""
        return Violation(pointer: "/name", rule: .regionName, message: rule + hint)
    }

    /// Returns a legal name that is similar to `name`: `RegionOne` gives `regionone`. Returns nil if there is no such
    /// name.
    package static func suggestion(for name: String) -> String? {
        var characters: [UInt8] = []
        // Reads only the start of `name`, so that a hostile name takes little time. The start is four times as long as
        // a legal name, because a long run of characters other than letters and digits becomes only one dash.
        for byte in name.utf8.prefix(4 * maximumLength) {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): characters.append(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                characters.append(byte)
            default:
                // A run of characters other than letters and digits becomes one dash.
                if let last = characters.last, last != DNSLabel.dash {
                    characters.append(DNSLabel.dash)
                }
            }
        }
        characters = Array(characters.prefix(maximumLength))
        while characters.last == DNSLabel.dash { characters.removeLast() }
        let text = String(decoding: characters, as: UTF8.self)
        return isLegal(text) && text != name ? text : nil
    }
}

/// RFC 1123 labels, which Kubernetes and Calico use for names.
package enum DNSLabel {
    static let dash = UInt8(ascii: "-")
    package static let maximumLength = 63

    /// Returns true if the text has 1–63 lower-case letters, digits and '-', alphanumeric at both ends.
    package static func isLegal(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= maximumLength else {
            return false
        }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == dash }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
