import Documents
import Domain
import Testing

@Suite struct RowRegionsTests {
    /// Every policy touches the regions in its member `touches`.
    private static let regions = RowRegions { _, document in
        .some(Set((document["touches"]?.arrayValue ?? []).compactMap(\.stringValue)))
    }

    private static func row(
        _ kind: String, _ name: String = "x", region: String? = nil,
        _ change: (inout AuditRecord.Draft) -> Void = { _ in }
    ) -> RegionSet {
        var row = AuditRecord.Draft(
            time: Timestamp(microseconds: 1), origin: .api, actor: "alice", verb: .update,
            kind: kind, name: name, region: region)
        row.key = "/calico/x"
        change(&row)
        return regions.touched(by: row).regions
    }

    @Test func inventoryTouchesItsRegion() {
        #expect(Self.row("Region", "east") == .some(["east"]))
        #expect(Self.row("Subnet", region: "east") == .some(["east"]))
        #expect(Self.row("Subnet") == .all)
    }

    @Test func aPolicyTouchesWhatItReachesBeforeAndAfter() {
        let row = Self.row("NetworkPolicy", region: "east") {
            $0.before = #"{"touches":["west"]}"#
            $0.after = #"{"touches":["north"]}"#
        }
        #expect(row == .some(["east", "north", "west"]))
        #expect(
            Self.row("GlobalNetworkPolicy") { $0.after = #"{"touches":["a"]}"# } == .some(["a"]))
        #expect(Self.row("GlobalNetworkPolicy") { $0.after = "no JSON" } == .all)
        #expect(Self.row("GlobalNetworkPolicy") { $0.after = #"{"touches":[]}"# } == .all)
        #expect(Self.row("NetworkPolicy", region: "east") == .all)
        let keyless = Self.row("NetworkPolicy", region: "east") {
            ($0.key, $0.after) = (nil, #"{"touches":["east"]}"#)
        }
        #expect(keyless == .all)
        let wide = (0...RowRegions.maximumRegions).map { "\"r\($0)\"" }.joined(separator: ",")
        #expect(Self.row("GlobalNetworkPolicy") { $0.after = #"{"touches":[\#(wide)]}"# } == .all)
    }

    @Test(arguments: [
        "GlobalNetworkSet", "Tier", "ClusterInformation", "Ledger", "AuditLog", "LegalHold",
        "SigningKey", "Authentication", "Stream", "Request", "NewKind",
    ])
    func everyOtherRowTouchesAllRegions(kind: String) {
        #expect(Self.row(kind, region: "east") { $0.after = "{}" } == .all)
    }

    @Test func aRefusalTouchesAllThatItsAuthorMaySee() {
        let scope = #"{"detail":"x","scope":{"kinds":{"Subnet":["north"]},"regions":["east"]}}"#
        func refused(_ kind: String, _ name: String, _ region: String?, _ detail: String?)
            -> RegionSet
        {
            Self.row(kind, name, region: region) {
                ($0.outcome, $0.detail) = (.refused, detail)
            }
        }
        #expect(refused("Subnet", "web", "east", nil) == .all)
        #expect(refused("Subnet", "web", "east", "{}") == .all)
        #expect(refused("Subnet", "web", "east", scope) == .some(["east", "north"]))
        #expect(refused("Region", "west", nil, scope) == .some(["east", "north", "west"]))
        #expect(refused("Stream", "", nil, scope) == .some(["east", "north"]))
        #expect(refused("Subnet", "web", "east", #"{"scope":{"regions":"*"}}"#) == .all)
        #expect(refused("Subnet", "web", "east", #"{"scope":{"regions":[1]}}"#) == .all)
        let read = Self.row("AuditLog") {
            ($0.outcome, $0.verb, $0.detail) = (.refused, .read, scope)
        }
        #expect(read == .all)
    }

    @Test func warningsOfAManifestMayNameOtherObjects() {
        func warned(_ pointer: String, _ rule: String = "lint.x") -> RegionSet {
            Self.row("Region", "east") {
                $0.warnings = #"[{"message":"m","pointer":"\#(pointer)","rule":"\#(rule)"}]"#
            }
        }
        #expect(warned("/spec/order") == .some(["east"]))
        #expect(warned("") == .some(["east"]))
        #expect(warned("/3/spec/order") == .all)
        #expect(warned("/metadata/name", "policy.name-convention") == .all)
    }

    @Test func aScopeCoversWhatEveryGrantTogetherAllows() {
        let identity = Identity(
            "alice", method: .token,
            grants: [
                Grant(.auditor, regions: .some(["east"])),
                Grant(.auditor, regions: .some(["north"]), kinds: ["Subnet"]),
                Grant(.viewer, regions: .all),
            ])
        let scope = AuditScope(identity)
        #expect(!scope.isEverything)
        #expect(scope.covers(kind: "Region", .some(["east"])))
        #expect(!scope.covers(kind: "Region", .some(["north"])))
        #expect(scope.covers(kind: "Subnet", .some(["east", "north"])))
        #expect(!scope.covers(kind: "Subnet", .all))
        #expect(AuditScope(identity, .readObjects).isEverything)
    }
}
