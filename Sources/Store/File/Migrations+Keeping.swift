extension Migrations {
    /// What has been pruned, and what must not be.
    static let keeping = """
        CREATE INDEX audit_by_source ON audit (source_ledger, source_seq)
            WHERE source_ledger IS NOT NULL;

        -- Rows up to this number are in sealed segments and gone from here; hash is that of the last.
        CREATE TABLE retention (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            pruned_through INTEGER NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;

        DROP TRIGGER audit_refuses_delete;
        CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
        WHEN OLD.seq > (SELECT coalesce(max(pruned_through), 0) FROM retention)
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;

        -- Rows at or after since (all when NULL) are not pruned while the row stands.
        CREATE TABLE hold (
            name TEXT NOT NULL PRIMARY KEY,
            reason TEXT NOT NULL,
            since INTEGER,
            actor TEXT NOT NULL,
            created INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
