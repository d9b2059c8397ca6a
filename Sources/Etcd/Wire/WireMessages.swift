import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension Etcdserverpb_RangeRequest {
    init(_ request: RangeRequest) {
        key = Data(request.keys.lowerBound)
        rangeEnd = Data(request.keys.upperBound)
        limit = request.limit
        revision = request.revision
        keysOnly = request.keysOnly
        countOnly = request.countOnly
        serializable = request.serializable
        switch request.sort {
        case .ascending(let target): (sortOrder, sortTarget) = (.ascend, SortTarget(target))
        case .descending(let target): (sortOrder, sortTarget) = (.descend, SortTarget(target))
        case nil: break
        }
    }
}

extension Etcdserverpb_RangeRequest.SortTarget {
    init(_ target: RangeRequest.SortTarget) {
        self =
            switch target {
            case .key: .key
            case .version: .version
            case .createRevision: .create
            case .modRevision: .mod
            case .value: .value
            }
    }
}

extension Etcdserverpb_PutRequest {
    init(_ request: PutRequest) {
        key = Data(request.key.bytes)
        value = Data(request.value)
        lease = request.lease?.rawValue ?? 0
        prevKv = request.returnsPrevious
    }
}

extension Etcdserverpb_DeleteRangeRequest {
    init(_ request: DeleteRequest) {
        key = Data(request.keys.lowerBound)
        rangeEnd = Data(request.keys.upperBound)
        prevKv = request.returnsPrevious
    }
}

extension Etcdserverpb_RequestOp {
    init(_ operation: Operation) {
        request =
            switch operation {
            case .put(let put): .requestPut(Etcdserverpb_PutRequest(put))
            case .delete(let delete): .requestDeleteRange(Etcdserverpb_DeleteRangeRequest(delete))
            case .range(let range): .requestRange(Etcdserverpb_RangeRequest(range))
            }
    }
}

extension Etcdserverpb_Compare {
    init(_ compare: Compare) {
        key = Data(compare.key.bytes)
        result =
            switch compare.relation {
            case .equal: .equal
            case .notEqual: .notEqual
            case .less: .less
            case .greater: .greater
            }
        (target, targetUnion) =
            switch compare.target {
            case .version(let version): (.version, .version(version))
            case .createRevision(let revision): (.create, .createRevision(revision))
            case .modRevision(let revision): (.mod, .modRevision(revision))
            case .value(let value): (.value, .value(Data(value)))
            case .lease(let lease): (.lease, .lease(lease))
            }
    }
}

extension Etcdserverpb_TxnRequest {
    init(_ transaction: Transaction) {
        compare = transaction.compares.map { Etcdserverpb_Compare($0) }
        success = transaction.success.map { Etcdserverpb_RequestOp($0) }
        failure = transaction.failure.map { Etcdserverpb_RequestOp($0) }
    }
}

extension Etcdserverpb_WatchRequest {
    /// Creates a request for a watch from `startRevision` on. The request asks etcd to send large answers in fragments.
    init(_ request: WatchRequest, startRevision: Int64) {
        createRequest = .with {
            $0.key = Data(request.keys.lowerBound)
            $0.rangeEnd = Data(request.keys.upperBound)
            $0.startRevision = startRevision
            $0.progressNotify = request.progressNotifications
            $0.prevKv = request.returnsPrevious
            $0.fragment = true
        }
    }
}

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
    /// Converts an answer. etcd omits the header from the parts of a transaction's answer, so `header` must be the
    /// header of the whole answer.
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

extension WatchResponse {
    init(_ wire: Etcdserverpb_WatchResponse) {
        self.init(
            header: ResponseHeader(wire.header), watchID: wire.watchID, isCreated: wire.created,
            cancelReason: wire.canceled ? wire.cancelReason : nil,
            compactRevision: wire.compactRevision, isFragment: wire.fragment,
            events: wire.events.map { WatchEvent($0) })
    }
}
