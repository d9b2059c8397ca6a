import ControlPlane
import Domain
import Etcd
import PolicyServer
import Store
import TestSupport

extension API {
    /// Returns an API with a ledger in `directory`. Its etcd client and its control plane do not run.
    static func overPartsThatDoNotRun(
        in directory: TemporaryDirectory, events: AuditEvents = AuditEvents(),
        access: Access = Access(), regions: RowRegions = RowRegions()
    ) throws -> API {
        var options = AuditLedger.Options()
        options.rowRegions = regions
        let ledger = try AuditLedger(path: directory.file("audit.sqlite"), options: options)
        let etcd = try EtcdClient(
            EtcdConfiguration(endpoints: ["http://127.0.0.1:1"]), logger: .silent)
        let controlPlane = ControlPlane(
            store: etcd, ledger: ledger, statuses: .http,
            configuration: ControlPlaneConfiguration(), logger: .silent)
        let checkpoints = Checkpoints(
            ledger: ledger, store: etcd, key: SigningKey(name: "test"), interval: nil,
            logger: .silent)
        return API(
            controlPlane: controlPlane, ledger: ledger, checkpoints: checkpoints,
            metrics: Metrics(), access: access, events: events
        ) {
            var generator = SystemRandomNumberGenerator()
            return .generate(unixMilliseconds: 0, using: &generator)
        }
    }
}
