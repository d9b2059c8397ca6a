import Testing

/// Faults that the server has to survive with nothing lost (design.md section 8), on the real program
/// and a real etcd. One after the other: each loads the machine by itself.
@Suite(.serialized)
enum FaultTests {}
