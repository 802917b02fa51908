/**
 * Durable storage: a SQLite file by default, PostgreSQL for several servers. This package handles connections, transactions and schema
 * versions; its users provide their tables as {@link Migrations} and their statements as {@link Database.SqlWork}.
 *
 * <p><b>One dialect.</b> Statements are written once, in what SQLite and PostgreSQL have in common: {@code TEXT},
 * {@code BIGINT}, {@code INSERT … ON CONFLICT … DO UPDATE}, {@code RETURNING}. Times are {@code BIGINT} milliseconds since 1970.
 * {@link Migrations} has placeholders for the few types that differ.
 *
 * <p><b>Threads.</b> {@link Database} may be used by any number of threads, virtual ones included. A SQLite file has one writer
 * at a time, and SQLite's driver would pin virtual threads, so all work on a file runs on one platform thread. Work that is submitted
 * during a transaction is committed together with the next one ({@link GroupCommit}). PostgreSQL has a small connection pool.
 *
 * <p><b>Several users of one database.</b> Each user opens its own {@link Database}. SQLite's locks and PostgreSQL's sessions
 * coordinate them; nothing is shared in the JVM, so closing one {@code Database} does not affect the others.
 *
 * <p><b>Outages</b> are signaled by {@link StorageOutage}, after a bounded time. Users must handle them so that mail delivery does not
 * depend on the database.
 */
package jamestls.storage;
