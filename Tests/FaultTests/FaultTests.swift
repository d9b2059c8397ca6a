import Testing

/// Faults that the server has to survive with nothing lost (design.md section 8), on the real program
/// and a real etcd. They run one after the other, because each loads the whole machine.
@Suite(.serialized)
enum FaultTests {}
