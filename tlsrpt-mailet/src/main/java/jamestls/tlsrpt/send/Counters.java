package jamestls.tlsrpt.send;

import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/** Where counters come from: from James, or on the command line, where James's classes are not, from nowhere. */
@FunctionalInterface
public interface Counters {

    /** What only grows. */
    @FunctionalInterface
    interface Counter {

        void add(int more);

        default void increment() {
            add(1);
        }
    }

    /** @param name as James publishes it; docs/monitoring.md lists them all */
    Counter named(String name);

    static Counters of(MetricFactory metrics) {
        return name -> {
            Metric metric = metrics.generate(name);
            return metric::add;
        };
    }

    /** Nobody looks at them. */
    static Counters none() {
        return name -> more -> { };
    }
}
