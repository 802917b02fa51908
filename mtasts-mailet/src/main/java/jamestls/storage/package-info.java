/**
 * Where things last: a SQLite file by default, PostgreSQL for several servers. The room knows connections, transactions and
 * schema versions, and nothing of what is kept: whoever keeps something brings its tables as {@link Migrations} and its
 * statements as {@link Database.SqlWork}.
 *
 * <p><b>One dialect.</b> Statements are written once, in what SQLite and PostgreSQL have in common: {@code TEXT},
 * {@code BIGINT}, {@code INSERT … ON CONFLICT … DO UPDATE}, {@code RETURNING}. Times are {@code BIGINT} milliseconds since 1970.
 * {@link Migrations} has words for the few types that differ.
 *
 * <p><b>Threads.</b> {@link Database} may be used by any number of threads, virtual ones included. A SQLite file has one writer
 * at a time, and SQLite's driver would pin virtual threads: all work on a file runs on one platform thread of its own, and
 * what waits there while a transaction is written is committed together with the next one. PostgreSQL has a small pool.
 *
 * <p><b>Several users of one database.</b> Each opens a {@link Database} of its own; on a file SQLite's write-ahead log lets them
 * take turns, on PostgreSQL they are sessions like any other. Nothing is shared in this JVM, so no one can close what another
 * still needs.
 *
 * <p><b>Outages</b> are told by {@link StorageOutage}, after some seconds at most. Whoever keeps something decides what to do
 * without: nothing here may ever hold a mail.
 */
package jamestls.storage;
