import Testing

/// Tests of faults that the server must survive without losing anything, with the real program and a real etcd. They
/// run one after another, because each test loads the whole machine.
@Suite(.serialized)
enum FaultTests {}
