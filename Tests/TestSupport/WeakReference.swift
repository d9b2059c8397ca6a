import Synchronization

/// Tells whether an object still exists, without keeping it.
package final class WeakReference: Sendable {
    private struct Reference {
        weak var object: (any AnyObject & Sendable)?
    }

    private let reference: Mutex<Reference>

    package init(_ object: any AnyObject & Sendable) {
        reference = Mutex(Reference(object: object))
    }

    /// True if something keeps the object.
    package var isHeld: Bool { reference.withLock { $0.object != nil } }
}
