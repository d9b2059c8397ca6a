package import Calico

/// What an administrator may set about writes.
package struct ControlPlaneConfiguration: Sendable {
    package var policyNames: PolicyNameConvention
    /// How long a write may take before it is answered with what is known of it.
    package var writeDeadline: Duration
    /// How long who-did-what stays in etcd's journal, seconds.
    package var journalTTLSeconds: Int64

    package var attempts: AttemptBudget.Limits
    /// Signs journal entries, and says which of those in etcd to believe.
    package var journal: JournalAuthenticator

    package init(
        policyNames: PolicyNameConvention = .auto, writeDeadline: Duration = .seconds(10),
        journalTTLSeconds: Int64 = 7 * 86_400,
        attempts: AttemptBudget.Limits = AttemptBudget.Limits(),
        journal: JournalAuthenticator = JournalAuthenticator()
    ) {
        self.policyNames = policyNames
        self.writeDeadline = writeDeadline
        self.journalTTLSeconds = journalTTLSeconds
        self.attempts = attempts
        self.journal = journal
    }
}
