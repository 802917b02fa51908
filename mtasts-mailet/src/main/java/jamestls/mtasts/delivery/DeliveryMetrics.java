package jamestls.mtasts.delivery;

import java.util.EnumMap;
import java.util.Map;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/** Counts in James's metrics. */
public final class DeliveryMetrics implements Meter {

    /** Time for one attempt; stock RemoteDelivery's name. */
    private static final String ATTEMPT = "RemoteDeliveryTrial";

    private final MetricFactory factory;
    private final Map<Count, Metric> counters = new EnumMap<>(Count.class);

    public DeliveryMetrics(MetricFactory factory) {
        this.factory = factory;
        for (Count count : Count.values()) {
            counters.put(count, factory.generate(count.metric()));
        }
    }

    @Override
    public void count(Count count) {
        counters.get(count).increment();
    }

    @Override
    public Runnable attempt() {
        return factory.timer(ATTEMPT)::stopAndPublish;
    }
}
