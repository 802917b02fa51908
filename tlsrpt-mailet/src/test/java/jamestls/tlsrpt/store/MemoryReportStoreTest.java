package jamestls.tlsrpt.store;

class MemoryReportStoreTest extends ReportStoreContract {

    @Override
    ReportStore open() {
        return new MemoryReportStore(100);
    }
}
