/// Short lists of values in one array, each list named by the index of its first element.
struct ChainedValues<Value: Sendable>: Sendable {
    private struct Slot {
        /// Nil while the slot is unused.
        var value: Value?
        /// The next of the same list, or of the unused ones; -1 at the end.
        var next: Int32
    }

    private var slots: [Slot] = []
    private var unused: Int32 = -1
    /// The number of values in all lists.
    private(set) var count = 0

    /// Appends to the list `first` (-1: a new one) and returns the list's first index.
    mutating func appending(_ value: Value, to first: Int32) -> Int32 {
        let added = add(value)
        guard first >= 0 else { return added }
        var last = Int(first)
        while slots[last].next >= 0 { last = Int(slots[last].next) }
        slots[last].next = added
        return first
    }

    /// Takes the first match out of the list; returns it and the list's first index, -1 if now empty.
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

    /// The first value of a list; nil for -1.
    func first(_ first: Int32) -> Value? { first < 0 ? nil : slots[Int(first)].value }

    /// Calls `body` with the values of a list, in the order they were added, until it returns false;
    /// returns whether it never did.
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
