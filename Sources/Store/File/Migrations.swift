package import GRDB

/// The ledger's schema as named steps. A new step must be added at the end, because files of every earlier version
/// of this program are in use.
package enum Migrations {
    /// SQLite's `application_id` of a ledger, "PSal".
    static let applicationID: Int32 = 0x5053_616C

    /// The steps in order. After a step, the file's `user_version` is the position of this step, counted from 1.
    private static let steps: [(name: String, apply: @Sendable (Database) throws -> Void)] = [
        ("1 ledger", { db in try db.execute(sql: ledger) }),
        ("2 record", { db in try db.execute(sql: record) }),
        (
            "3 proof",
            { db in
                try db.execute(sql: proof)
                // Computes the tiles of rows that an older version wrote.
                try TileTable.grow(from: 0, to: try LedgerTree.size(db), in: db)
            }
        ),
        ("4 text", { db in try db.execute(sql: TextIndex.schema) }),
        ("5 keeping", { db in try db.execute(sql: keeping) }),
        ("6 standing", { db in try db.execute(sql: RetainedVersion.schema) }),
        ("7 cross-region", { db in try db.execute(sql: CrossRegionRows.schema) }),
        ("8 regions", { db in try db.execute(sql: TouchedRegions.schema) }),
        ("9 approval", { db in try db.execute(sql: "ALTER TABLE audit ADD COLUMN approval TEXT") }),
    ]

    /// The `user_version` that this program writes.
    package static var schemaVersion: Int { steps.count }

    /// The first `user_version` whose schema has a Merkle tree.
    static let proofVersion = 3

    package static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        for (index, step) in steps.enumerated() {
            // `.immediate` checks foreign keys at each statement. GRDB's default would search all tables for
            // violations after each step.
            migrator.registerMigration(step.name, foreignKeyChecks: .immediate) { db in
                try step.apply(db)
                try db.execute(sql: "PRAGMA user_version = \(index + 1)")
            }
        }
        return migrator
    }

    /// `time` is in microseconds since 1970. Each filter of a list has an index that ends in `time` and, like every
    /// SQLite index, in the row's number. So SQLite reads a filtered list in the order of the index, without
    /// sorting. The tables are STRICT, because SQLite otherwise accepts a value of any type in any column.
    private static let ledger = """
        PRAGMA application_id = \(applicationID);

        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            revision INTEGER,
            cluster_id TEXT,
            change_id TEXT,
            origin TEXT NOT NULL,
            actor TEXT NOT NULL,
            client_address TEXT,
            request_id TEXT,
            reason TEXT,
            verb TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            region TEXT,
            outcome TEXT NOT NULL,
            status INTEGER,
            detail TEXT,
            gap INTEGER NOT NULL,
            before TEXT,
            after TEXT,
            prev_hash BLOB NOT NULL,
            hash BLOB NOT NULL
        ) STRICT;

        CREATE INDEX audit_by_time ON audit (time);
        CREATE INDEX audit_by_kind ON audit (kind, time);
        CREATE INDEX audit_by_name ON audit (name, time);
        CREATE INDEX audit_by_region ON audit (region, time) WHERE region IS NOT NULL;
        CREATE INDEX audit_by_actor ON audit (actor, time);
        CREATE INDEX audit_by_origin ON audit (origin, time);
        CREATE INDEX audit_by_verb ON audit (verb, time);
        CREATE INDEX audit_by_outcome ON audit (outcome, time);
        CREATE INDEX audit_by_change ON audit (change_id, time) WHERE change_id IS NOT NULL;

        CREATE TRIGGER audit_refuses_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;

        CREATE TRIGGER audit_refuses_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit ledger is append-only'); END;

        -- Also refuses INSERT OR REPLACE, which fires no delete trigger.
        CREATE TRIGGER audit_refuses_disorder BEFORE INSERT ON audit
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
            OR NEW.prev_hash IS NOT
                coalesce((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), zeroblob(32))
        BEGIN SELECT RAISE(ABORT, 'the row does not follow the last one'); END;

        CREATE TABLE object (
            key TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            region TEXT,
            mod_revision INTEGER NOT NULL,
            value TEXT NOT NULL
        ) STRICT;

        CREATE TABLE progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            cluster_id TEXT NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;

        -- Written to find out whether the disk takes data again.
        CREATE TABLE probe (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            padding BLOB NOT NULL
        ) STRICT;
        """

    /// Adds the columns for auditors, and the tables for history.
    ///
    /// Only the rare values of origin, verb and outcome are indexed. A filter for a common value needs no index,
    /// because a search through any other index soon finds enough rows. `moment`, `cidr`, `audit_cidr` and
    /// `coverage` are derived from the rows.
    private static let record = """
        ALTER TABLE audit ADD COLUMN authentication TEXT;
        ALTER TABLE audit ADD COLUMN roles TEXT;
        ALTER TABLE audit ADD COLUMN user_agent TEXT;
        ALTER TABLE audit ADD COLUMN trace_parent TEXT;
        ALTER TABLE audit ADD COLUMN idempotency_key TEXT;
        ALTER TABLE audit ADD COLUMN ticket TEXT;
        ALTER TABLE audit ADD COLUMN key TEXT;
        ALTER TABLE audit ADD COLUMN epoch INTEGER;
        ALTER TABLE audit ADD COLUMN cidrs TEXT;
        ALTER TABLE audit ADD COLUMN problem TEXT;
        ALTER TABLE audit ADD COLUMN dry_run INTEGER;
        ALTER TABLE audit ADD COLUMN warnings TEXT;
        ALTER TABLE audit ADD COLUMN source_ledger TEXT;
        ALTER TABLE audit ADD COLUMN source_seq INTEGER;
        ALTER TABLE audit ADD COLUMN source_hash TEXT;

        DROP INDEX audit_by_origin;
        DROP INDEX audit_by_verb;
        DROP INDEX audit_by_outcome;
        CREATE INDEX audit_by_origin ON audit (origin, time) WHERE origin <> 'api';
        CREATE INDEX audit_by_verb ON audit (verb, time) WHERE verb NOT IN ('create', 'update');
        CREATE INDEX audit_by_outcome ON audit (outcome, time) WHERE outcome <> 'accepted';
        CREATE INDEX audit_by_ticket ON audit (ticket, time) WHERE ticket IS NOT NULL;
        CREATE INDEX audit_by_key ON audit (key, epoch, revision) WHERE key IS NOT NULL;
        CREATE INDEX audit_by_revision ON audit (epoch, revision) WHERE revision IS NOT NULL;

        -- From which revision on, and up to which, the ledger knows every change; last is NULL for the
        -- range that goes on.
        CREATE TABLE coverage (
            epoch INTEGER NOT NULL,
            first INTEGER NOT NULL,
            last INTEGER,
            PRIMARY KEY (epoch, first)
        ) STRICT, WITHOUT ROWID;

        -- The newest revision that had been made at a time: both rise from row to row.
        CREATE TABLE moment (
            time INTEGER NOT NULL PRIMARY KEY,
            epoch INTEGER NOT NULL,
            revision INTEGER NOT NULL
        ) STRICT;

        -- Each network once, and the rows that touch it. Addresses are 16 bytes, the first byte first.
        CREATE TABLE cidr (
            id INTEGER PRIMARY KEY,
            family INTEGER NOT NULL,
            first BLOB NOT NULL,
            last BLOB NOT NULL,
            length INTEGER NOT NULL,
            UNIQUE (family, first, length)
        ) STRICT;
        CREATE TABLE audit_cidr (
            cidr INTEGER NOT NULL,
            time INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            PRIMARY KEY (cidr, time, seq)
        ) STRICT, WITHOUT ROWID;

        -- The objects before the first row that tells of their key: what a ledger of schema 1 knew last,
        -- and what stood when rows were pruned.
        CREATE TABLE baseline (
            key TEXT NOT NULL PRIMARY KEY,
            epoch INTEGER NOT NULL,
            revision INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            region TEXT,
            value TEXT NOT NULL
        ) STRICT;

        INSERT INTO baseline SELECT key, 1, mod_revision, kind, name, region, value FROM object;
        INSERT INTO coverage SELECT 1, revision, NULL FROM progress;
        INSERT INTO moment SELECT coalesce((SELECT max(time) FROM audit), 0), 1, revision FROM progress;
        """

    /// The Merkle tree (RFC 6962) over the rows' hashes, and its signed checkpoints.
    ///
    /// Triggers refuse changes in these tables. Only `tile` has no trigger, because it can be computed again from
    /// the rows.
    private static let proof = """
        -- Which ledger this is, also after it was moved or copied.
        CREATE TABLE identity (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            ledger TEXT NOT NULL
        ) STRICT;
        INSERT INTO identity VALUES (1, lower(hex(randomblob(16))));

        -- Roots of complete subtrees of 256^level rows.
        CREATE TABLE tile (
            level INTEGER NOT NULL,
            idx INTEGER NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (level, idx)
        ) STRICT, WITHOUT ROWID;

        -- The hashes of rows that were pruned, 256 of 32 bytes: rows 256 * tile + 1 and on.
        CREATE TABLE sealed (
            tile INTEGER PRIMARY KEY,
            hashes BLOB NOT NULL
        ) STRICT;

        -- The canonical form of pruned rows that name a signing key.
        CREATE TABLE kept (
            seq INTEGER PRIMARY KEY,
            form TEXT NOT NULL
        ) STRICT;

        -- The signed notes; time in microseconds since 1970 by this server's clock.
        CREATE TABLE checkpoint (
            size INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            root BLOB NOT NULL,
            note TEXT NOT NULL
        ) STRICT;

        CREATE TRIGGER identity_refuses_update BEFORE UPDATE ON identity
        BEGIN SELECT RAISE(ABORT, 'a ledger keeps its identity'); END;
        CREATE TRIGGER identity_refuses_delete BEFORE DELETE ON identity
        BEGIN SELECT RAISE(ABORT, 'a ledger keeps its identity'); END;
        CREATE TRIGGER sealed_refuses_update BEFORE UPDATE ON sealed
        BEGIN SELECT RAISE(ABORT, 'sealed hashes are append-only'); END;
        CREATE TRIGGER sealed_refuses_delete BEFORE DELETE ON sealed
        BEGIN SELECT RAISE(ABORT, 'sealed hashes are append-only'); END;
        CREATE TRIGGER kept_refuses_update BEFORE UPDATE ON kept
        BEGIN SELECT RAISE(ABORT, 'kept rows are append-only'); END;
        CREATE TRIGGER kept_refuses_delete BEFORE DELETE ON kept
        BEGIN SELECT RAISE(ABORT, 'kept rows are append-only'); END;
        CREATE TRIGGER checkpoint_refuses_update BEFORE UPDATE ON checkpoint
        BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
        CREATE TRIGGER checkpoint_refuses_delete BEFORE DELETE ON checkpoint
        BEGIN SELECT RAISE(ABORT, 'checkpoints are append-only'); END;
        """
}

extension Migrations {
    /// The tables for pruning and legal holds.
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
