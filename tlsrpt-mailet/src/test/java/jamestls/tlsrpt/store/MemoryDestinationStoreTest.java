package jamestls.tlsrpt.store;

class MemoryDestinationStoreTest extends DestinationStoreContract {

    @Override
    DestinationStore open() {
        return new MemoryDestinationStore();
    }

    @Override
    DestinationStore again(DestinationStore opened) {
        return opened;
    }
}
