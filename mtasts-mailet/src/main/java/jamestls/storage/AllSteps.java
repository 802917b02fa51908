package jamestls.storage;

import jamestls.net.SanitizedLogger;

/** Steps that are all run, whatever earlier ones throw, for example those that close something. */
public final class AllSteps {

    private AllSteps() {
    }

    /**
     * Runs each step and logs what it throws.
     *
     * @param whose begins each line of the log
     */
    public static void run(SanitizedLogger logger, String whose, Runnable... steps) {
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (StorageOutage e) {
                logger.warn("{}: the store failed: {}", whose, e.getMessage());
            } catch (RuntimeException | Error e) {
                logger.error("{}: unexpected error, continuing", whose, e);
            }
        }
    }
}
