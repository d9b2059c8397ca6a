/// A map from networks of both IP families to values. Address management uses it.
///
/// A network may have several values, because other writers of the same etcd may store a network twice. Results are in
/// `CIDR` order. A look-up walks down a tree once, so the cost of a look-up does not depend on the number of networks.
/// Copies of the map share storage until one copy changes.
package struct CIDRMap<Value: Sendable>: Sendable {
    package typealias Element = (cidr: CIDR, value: Value)

    // The families have separate trees, so that a node of an IPv4 network needs 20 bytes and not 32.
    private var ipv4 = RadixTree<UInt32>()
    private var ipv6 = RadixTree<UInt128>()
    private var values = ChainedValues<Value>()

    package init() {}

    /// The number of values.
    package var count: Int { values.count }
    package var isEmpty: Bool { count == 0 }

    package mutating func insert(_ cidr: CIDR, _ value: Value) {
        setChain(values.appending(value, to: chain(cidr)), cidr)
    }

    /// Removes and returns the first value of exactly this network that satisfies `matches`. Returns nil if there is no
    /// such value.
    @discardableResult
    package mutating func remove(_ cidr: CIDR, where matches: (Value) -> Bool) -> Value? {
        guard let (value, rest) = values.removingFirst(of: chain(cidr), where: matches) else {
            return nil
        }
        setChain(rest, cidr)
        return value
    }

    /// Returns the values of exactly this network, in the order of insertion.
    package func exact(_ cidr: CIDR) -> [Value] {
        var found: [Value] = []
        _ = values.forEach(chain(cidr)) {
            found.append($0)
            return true
        }
        return found
    }

    /// Returns the networks that contain `cidr`, largest first. A network equal to `cidr` comes last.
    package func containing(_ cidr: CIDR) -> [Element] {
        var found: [Element] = []
        forEachContaining(cidr) {
            found.append($0)
            return true
        }
        return found
    }

    /// Returns the networks that contain `address`, largest first.
    package func containing(_ address: IPAddress) -> [Element] { containing(CIDR(address)) }

    /// Returns at most `limit` networks inside `cidr`, in `CIDR` order. A network equal to `cidr` is included.
    package func within(_ cidr: CIDR, limit: Int = .max) -> [Element] {
        var found: [Element] = []
        guard limit > 0 else { return found }
        forEachWithin(cidr) {
            found.append($0)
            return found.count < limit
        }
        return found
    }

    /// Returns at most `limit` networks that share an address with `cidr`. Networks that contain `cidr` come first.
    package func overlapping(_ cidr: CIDR, limit: Int = .max) -> [Element] {
        var found: [Element] = []
        guard limit > 0 else { return found }
        forEachOverlapping(cidr) {
            found.append($0)
            return found.count < limit
        }
        return found
    }

    /// Returns the first element of `overlapping(cidr)`; nil if no network overlaps `cidr`.
    package func firstOverlap(_ cidr: CIDR) -> Element? {
        switch cidr.family {
        case .ipv4:
            ipv4.firstOverlap(UInt32(truncatingIfNeeded: cidr.address), cidr.prefixLength)
                .flatMap { element($0, .ipv4) }
        case .ipv6:
            ipv6.firstOverlap(cidr.address, cidr.prefixLength).flatMap { element($0, .ipv6) }
        }
    }

    /// Returns the first element of `overlapping(cidr)` that satisfies `isIncluded`. A caller that checks an object can
    /// use `isIncluded` to leave out the object's own networks.
    package func firstOverlap(_ cidr: CIDR, where isIncluded: (Element) -> Bool) -> Element? {
        var found: Element?
        forEachOverlapping(cidr) {
            if isIncluded($0) { found = $0 }
            return found == nil
        }
        return found
    }

    /// Calls `body` with every network and value, in `CIDR` order, until `body` returns false.
    package func forEach(_ body: (Element) -> Bool) {
        for family in IPFamily.allCases {
            var goesOn = true
            forEachWithin(CIDR(family: family, masking: 0, prefixLength: 0)) {
                goesOn = body($0)
                return goesOn
            }
            if !goesOn { return }
        }
    }
}

extension CIDRMap {
    /// Returns the first network of `prefixLength` bits in `block` that overlaps no network of this map or of
    /// `excluded`. Returns nil if the block is full or too small, or if the prefix length is not valid for the family.
    package func firstFreeBlock(
        prefixLength: Int, in block: CIDR, excluding excluded: [CIDR] = []
    ) -> CIDR? {
        guard (block.prefixLength...block.family.bitWidth).contains(prefixLength) else {
            return nil
        }
        var start = block.address
        while let address = firstFree(prefixLength, in: block, from: start) {
            let candidate = CIDR(
                family: block.family, masking: address, prefixLength: prefixLength)
            let obstacle = excluded.lazy.filter { $0.overlaps(candidate) }.map(\.last.bits).max()
            guard let obstacle else { return candidate }
            guard obstacle < block.last.bits else { return nil }
            start = obstacle + 1
        }
        return nil
    }

    private func firstFree(_ length: Int, in block: CIDR, from start: UInt128) -> UInt128? {
        switch block.family {
        case .ipv4:
            ipv4.firstFree(
                length, in: UInt32(truncatingIfNeeded: block.address), block.prefixLength,
                from: UInt32(truncatingIfNeeded: start)
            ).map { UInt128($0) }
        case .ipv6: ipv6.firstFree(length, in: block.address, block.prefixLength, from: start)
        }
    }
}

extension CIDRMap {
    private func chain(_ cidr: CIDR) -> Int32 {
        switch cidr.family {
        case .ipv4:
            ipv4.payload(UInt32(truncatingIfNeeded: cidr.address), cidr.prefixLength)
        case .ipv6: ipv6.payload(cidr.address, cidr.prefixLength)
        }
    }

    private mutating func setChain(_ chain: Int32, _ cidr: CIDR) {
        switch cidr.family {
        case .ipv4:
            ipv4.setPayload(chain, UInt32(truncatingIfNeeded: cidr.address), cidr.prefixLength)
        case .ipv6: ipv6.setPayload(chain, cidr.address, cidr.prefixLength)
        }
    }

    private func forEachOverlapping(_ cidr: CIDR, _ body: (Element) -> Bool) {
        var goesOn = true
        forEachContaining(cidr) {
            guard $0.cidr != cidr else { return true }
            goesOn = body($0)
            return goesOn
        }
        if goesOn { forEachWithin(cidr, body) }
    }

    private func forEachContaining(_ cidr: CIDR, _ body: (Element) -> Bool) {
        switch cidr.family {
        case .ipv4:
            let prefix = UInt32(truncatingIfNeeded: cidr.address)
            ipv4.forEachContaining(prefix, cidr.prefixLength) { visit($0, .ipv4, body) }
        case .ipv6:
            ipv6.forEachContaining(cidr.address, cidr.prefixLength) { visit($0, .ipv6, body) }
        }
    }

    private func forEachWithin(_ cidr: CIDR, _ body: (Element) -> Bool) {
        switch cidr.family {
        case .ipv4:
            let prefix = UInt32(truncatingIfNeeded: cidr.address)
            let start = ipv4.subtree(prefix, cidr.prefixLength).root
            ipv4.forEach(below: start) { visit($0, .ipv4, body) }
        case .ipv6:
            let start = ipv6.subtree(cidr.address, cidr.prefixLength).root
            ipv6.forEach(below: start) { visit($0, .ipv6, body) }
        }
    }

    /// Calls `body` with each value of one node until `body` returns false. Returns false if `body` returned false.
    private func visit<Key>(
        _ node: RadixTree<Key>.Node, _ family: IPFamily, _ body: (Element) -> Bool
    ) -> Bool {
        let cidr = CIDR(
            family: family, masking: UInt128(node.prefix), prefixLength: Int(node.length))
        return values.forEach(node.payload) { body((cidr, $0)) }
    }

    private func element<Key>(_ node: RadixTree<Key>.Node, _ family: IPFamily) -> Element? {
        let cidr = CIDR(
            family: family, masking: UInt128(node.prefix), prefixLength: Int(node.length))
        return values.first(node.payload).map { (cidr, $0) }
    }
}

/// Short lists of values that share one array. A list is identified by the index of its first element; -1 is the empty
/// list. Separate arrays would need one memory allocation for each network.
struct ChainedValues<Value: Sendable>: Sendable {
    private struct Slot {
        /// The value; nil while the slot is unused.
        var value: Value?
        /// The index of the next slot in the same list or in the list of unused slots; -1 at the end.
        var next: Int32
    }

    private var slots: [Slot] = []
    private var unused: Int32 = -1
    /// The number of values in all lists.
    private(set) var count = 0

    /// Appends `value` to the list that begins at `first`. If `first` is -1, creates a new list. Returns the index of
    /// the list.
    mutating func appending(_ value: Value, to first: Int32) -> Int32 {
        let added = add(value)
        guard first >= 0 else { return added }
        var last = Int(first)
        while slots[last].next >= 0 { last = Int(slots[last].next) }
        slots[last].next = added
        return first
    }

    /// Removes the first value that satisfies `matches` from the list that begins at `first`. Returns the value and the
    /// new index of the list, which is -1 if the list is now empty. Returns nil if no value satisfies `matches`.
    mutating func removingFirst(
        of first: Int32, where matches: (Value) -> Bool
    ) -> (value: Value, first: Int32)? {
        var previous: Int32 = -1
        var index = first
        while index >= 0 {
            let slot = slots[Int(index)]
            if let value = slot.value, matches(value) {
                if previous >= 0 { slots[Int(previous)].next = slot.next }
                release(index)
                return (value, previous >= 0 ? first : slot.next)
            }
            previous = index
            index = slot.next
        }
        return nil
    }

    /// Returns the first value of the list that begins at `first`; nil if `first` is -1.
    func first(_ first: Int32) -> Value? { first < 0 ? nil : slots[Int(first)].value }

    /// Calls `body` with the values of the list that begins at `first`, in the order of insertion, until `body` returns
    /// false. Returns true if `body` never returned false.
    func forEach(_ first: Int32, _ body: (Value) -> Bool) -> Bool {
        var index = first
        while index >= 0 {
            if let value = slots[Int(index)].value, !body(value) { return false }
            index = slots[Int(index)].next
        }
        return true
    }

    private mutating func add(_ value: Value) -> Int32 {
        count += 1
        guard unused >= 0 else {
            slots.append(Slot(value: value, next: -1))
            return Int32(slots.count - 1)
        }
        let index = unused
        unused = slots[Int(index)].next
        slots[Int(index)] = Slot(value: value, next: -1)
        return index
    }

    private mutating func release(_ index: Int32) {
        count -= 1
        slots[Int(index)] = Slot(value: nil, next: unused)
        unused = index
    }
}
