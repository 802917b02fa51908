package jamestls.storage;

/** How one kind of database is reached. */
interface Engine extends AutoCloseable {

    /** @throws StorageOutage when it did not work; what {@code work} throws of its own comes through */
    <T> T transaction(SqlWork<T> work);

    @Override
    void close();
}
