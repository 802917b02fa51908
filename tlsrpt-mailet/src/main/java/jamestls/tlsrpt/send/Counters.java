package jamestls.tlsrpt.send;

import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/** Factory of named counters. Keeps James's metrics API out of the classes that count. */
@FunctionalInterface
public interface Counters {

    /** A monotonic counter. */
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
}
