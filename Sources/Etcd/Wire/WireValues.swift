#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension KeyValue {
    init(_ wire: Etcdserverpb_KeyValue) {
        self.init(
            key: EtcdKey(bytes: [UInt8](wire.key)), value: [UInt8](wire.value),
            createRevision: wire.createRevision, modRevision: wire.modRevision,
            version: wire.version,
            lease: wire.lease == 0 ? nil : LeaseID(rawValue: wire.lease))
    }
}

extension ResponseHeader {
    init(_ wire: Etcdserverpb_ResponseHeader) {
        self.init(
            clusterID: wire.clusterID, memberID: wire.memberID, revision: wire.revision,
            raftTerm: wire.raftTerm)
    }
}

extension RangeResponse {
    /// Within a transaction etcd leaves the header out of the parts: `header` is the whole's.
    init(_ wire: Etcdserverpb_RangeResponse, header: ResponseHeader) {
        self.init(
            header: header, keyValues: wire.kvs.map { KeyValue($0) }, count: wire.count,
            more: wire.more)
    }
}

extension OperationResponse {
    init(_ wire: Etcdserverpb_ResponseOp, header: ResponseHeader) throws(EtcdError) {
        switch wire.response {
        case .responsePut(let put):
            self = .put(
                PutResponse(
                    header: header, previous: put.hasPrevKv ? KeyValue(put.prevKv) : nil))
        case .responseDeleteRange(let delete):
            self = .delete(
                DeleteResponse(
                    header: header, deleted: delete.deleted,
                    previous: delete.prevKvs.map { KeyValue($0) }))
        case .responseRange(let range):
            self = .range(RangeResponse(range, header: header))
        case nil:
            throw EtcdError(
                code: .internal, message: "unknown kind of answer in a transaction",
                outcome: .unknown)
        }
    }
}

extension TransactionResponse {
    init(_ wire: Etcdserverpb_TxnResponse) throws(EtcdError) {
        let header = ResponseHeader(wire.header)
        var responses: [OperationResponse] = []
        responses.reserveCapacity(wire.responses.count)
        for response in wire.responses {
            responses.append(try OperationResponse(response, header: header))
        }
        self.init(header: header, succeeded: wire.succeeded, responses: responses)
    }
}

extension WatchEvent {
    init(_ wire: Etcdserverpb_Event) {
        self.init(
            kind: wire.type == .delete ? .delete : .put, keyValue: KeyValue(wire.kv),
            previous: wire.hasPrevKv ? KeyValue(wire.prevKv) : nil)
    }
}
