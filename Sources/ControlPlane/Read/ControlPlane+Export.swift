import Calico
package import Documents
package import Domain

extension ControlPlane {
    /// The collections of an export, in an order in which they can be applied to an empty etcd.
    package var exported: [ListQuery.Collection] {
        let regions = mirror.read { $0.regions }.sorted()
        return [.regions, .subnets(region: nil), .policies]
            + regions.map { .regionPolicies(region: $0) }
    }

    /// Returns the object as a document for `apply`, without members that the server sets. Returns nil for Neutron's
    /// own policies, which only Neutron may write.
    package func exportDocument(_ object: ObjectView) -> JSONValue? {
        if case .regionPolicy(_, let policy) = object.name,
            writer.planner.reserved(policy) != nil
        {
            return nil
        }
        return Self.writable(object)
    }

    /// Returns the object as a document for a write, without members that the server sets.
    package static func writable(_ object: ObjectView) -> JSONValue? {
        guard var document = object.document.objectValue else { return nil }
        switch object.name {
        case .region, .subnet:
            for field in ["revision", "uid", "createdAt", "namespace"] { document[field] = nil }
            var named = JSONObject()
            named["kind"] = .string(object.name.kind)
            for (key, value) in document where named[key] == nil { named[key] = value }
            return .object(named)
        case .policy, .regionPolicy:
            document = Representation.written(.object(document)).objectValue ?? document
            var metadata = document["metadata"]?.objectValue ?? JSONObject()
            for field in ["resourceVersion", "uid", "creationTimestamp", "managedFields"] {
                metadata[field] = nil
            }
            document["metadata"] = .object(withoutDerived(metadata))
            return .object(document)
        }
    }

    /// Returns `metadata` without the label and the annotation that every write of a policy sets again, and without
    /// this server's own annotations, which a new policy may not have.
    private static func withoutDerived(_ metadata: JSONObject) -> JSONObject {
        var metadata = metadata
        func drop(_ member: String, where isDropped: (String) -> Bool) {
            guard var strings = metadata[member]?.objectValue else { return }
            for (key, _) in strings where isDropped(key) { strings[key] = nil }
            metadata[member] = strings.isEmpty ? nil : .object(strings)
        }
        drop("labels") { $0 == PolicyResource.tierLabel }
        drop("annotations") {
            $0 == PolicyName.metadataAnnotation || CrossRegionAnnotation.isReserved($0)
        }
        return metadata
    }
}

/// Checks whether `apply` on an empty etcd would accept each object of an export. Other tools may write objects that
/// break this server's rules, and a single such object would make the whole export unusable. The objects must be judged
/// in the order of the export.
package struct ExportJudge: Sendable {
    /// An object that an export omits.
    package struct Omission: Sendable {
        package var name: ObjectName
        /// The reason why the export omits the object, in one line.
        package var reason: String
    }

    /// The maximum number of omissions that are listed. Further omissions are only counted.
    package static let maximumListed = 100

    package private(set) var listed: [Omission] = []
    /// The total number of omissions.
    package private(set) var count = 0
    private var omitted: Set<ObjectName> = []
    private var regions: [String: [CIDR]] = [:]
    private var blocks = CIDRMap<String>()
    private var networks: [SubnetID: CIDR] = [:]
    private var subnets = CIDRMap<SubnetID>()
    /// The existing tiers; nil if tiers are not checked.
    private let tiers: Set<String>?

    init(tiers: Set<String>?) { self.tiers = tiers }

    /// Returns true if `judge` omitted the object.
    package func isOmitted(_ name: ObjectName) -> Bool { omitted.contains(name) }

    /// Judges the next object. `document` must be the document that the export would show.
    package mutating func judge(_ name: ObjectName, _ document: JSONValue) {
        let reason: String? =
            switch name {
            case .region(let region): judge(region: region, document)
            case .subnet(let region, let subnet):
                judge(SubnetID(region: region, name: subnet), document)
            case .policy(let policy):
                PreparedCrossRegion(document, name: policy).map { judge($0) }
                    ?? judge(policy: name, document)
            case .regionPolicy(let region, _):
                regions[region] == nil
                    ? "its region is left out" : judge(policy: name, document)
            }
        guard let reason else { return }
        omitted.insert(name)
        count += 1
        guard listed.count < Self.maximumListed else { return }
        listed.append(Omission(name: name, reason: Self.line(reason)))
    }

    private mutating func judge(region name: String, _ document: JSONValue) -> String? {
        let decoded = Region.decode(document, name: name)
        guard decoded.violations.isEmpty, let region = decoded.value else {
            return decoded.violations.first?.message ?? "cannot be read"
        }
        for block in region.addressBlocks {
            if let other = blocks.firstOverlap(block, where: { $0.value != name }) {
                return "\(block) overlaps \(other.cidr), an address block of region \(other.value)"
            }
        }
        for block in region.addressBlocks { blocks.insert(block, name) }
        regions[name] = region.addressBlocks
        return nil
    }

    private mutating func judge(_ id: SubnetID, _ document: JSONValue) -> String? {
        let decoded = Subnet.decode(document, region: id.region, name: id.name)
        guard decoded.violations.isEmpty, let cidr = decoded.value?.cidr else {
            return decoded.violations.first?.message ?? "cannot be read"
        }
        guard let own = regions[id.region] else { return "its region is absent or left out" }
        if !own.isEmpty, !own.contains(where: { $0.contains(cidr) }) {
            return "\(cidr) is outside the address blocks of its region"
        }
        if let other = blocks.firstOverlap(cidr, where: { $0.value != id.region }) {
            return "\(cidr) overlaps \(other.cidr), an address block of region \(other.value)"
        }
        if let other = subnets.firstOverlap(cidr) {
            return "\(cidr) overlaps \(other.cidr), subnet \(other.value.name) of region "
                + other.value.region
        }
        subnets.insert(cidr, id)
        networks[id] = cidr
        return nil
    }

    private func judge(policy name: ObjectName, _ document: JSONValue) -> String? {
        let judged = JudgedPolicy(document, name, regions: Set(regions.keys))
        if let violation = judged.violations.first {
            return "\(violation.pointer): \(violation.message)"
        }
        let tier = PolicyResource.tier(of: document)
        guard let tiers, !tiers.contains(tier),
            !InstallationResources.tiers.contains(where: { $0.name == tier })
        else { return nil }
        return "there is no tier \(tier)"
    }

    private func judge(_ prepared: PreparedCrossRegion) -> String? {
        func network(_ subnet: SubnetID) -> CIDR? {
            networks[subnet]
        }
        var violations = prepared.decoded.violations
        if let policy = prepared.decoded.value {
            violations += CrossRegionCompiler.references(policy).violations(
                hasRegion: { regions[$0] != nil }, hasSubnet: { network($0) != nil })
            violations += CrossRegionCompiler.compile(policy, subnetCIDR: network).violations
        }
        return violations.first.map { "\($0.pointer): \($0.message)" }
    }

    /// Returns the text as one line of a comment. Control characters become question marks.
    private static func line(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(500) {
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029, 0xFEFF: line += "?"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}

extension ControlPlane {
    /// Judges every object of an export at `point` that the caller may see.
    package func judgeExport(
        at point: PointInTime, for scope: AccessScope
    ) async throws(HistoryError) -> ExportJudge {
        var judge = ExportJudge(tiers: point.past == nil ? mirror.read { $0.tiers } : nil)
        for collection in try await exported(at: point) {
            var query = ListQuery(collection: collection, limit: 200)
            repeat {
                let page = try await list(query, at: point, for: scope)
                for item in page.items {
                    if let document = exportDocument(item) { judge.judge(item.name, document) }
                }
                query.after = page.next
                // Lets other tasks run during a long export, because reads of the present state never suspend.
                await Task.yield()
            } while query.after != nil
        }
        return judge
    }
}
