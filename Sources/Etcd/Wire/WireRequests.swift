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
    /// A watch from `startRevision` on; large answers come in fragments.
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
