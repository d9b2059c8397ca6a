import Testing

/// Over a real socket, on a real etcd and a real ledger; one at a time, to leave the machine room.
@Suite(.serialized)
struct EndToEndTests {}
