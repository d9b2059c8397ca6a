import Testing

/// Tests of faults that the server must survive without losing anything, with the real program and a real etcd. They
/// run one after another, because each test loads the whole machine.
@Suite(.serialized)
enum FaultTests {}

/// Tests of the program as people use it: its commands, its files, and the commands in its documents. They run one
/// after another, but beside `FaultTests`, because one sequence of all these tests would take longer than all others.
@Suite(.serialized)
enum ProgramTests {}
