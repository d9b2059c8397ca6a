import Testing

/// Tests over a real socket, with a real etcd and a real ledger. They run one at a time to limit the load on the
/// machine.
@Suite(.serialized)
struct EndToEndTests {}
