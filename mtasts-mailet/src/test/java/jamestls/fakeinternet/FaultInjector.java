package jamestls.fakeinternet;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Stands before an object of an interface and throws instead of calling it, where it is told to.
 *
 * <pre><code>
 *   FaultInjector&lt;MailetContext&gt; james = FaultInjector.before(MailetContext.class, context)
 *       .at("bounce", () -&gt; new MessagingException("no"));
 *   … james.proxy() …
 * </code></pre>
 */
public final class FaultInjector<T> {

    private final T proxy;
    private final Map<String, Supplier<Throwable>> faults = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> thrown = new ConcurrentHashMap<>();

    private FaultInjector(Class<T> type, T real) {
        proxy = type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
            Supplier<Throwable> fault = faults.get(method.getName());
            if (fault != null) {
                thrown.computeIfAbsent(method.getName(), name -> new LongAdder()).increment();
                throw fault.get();
            }
            try {
                return method.invoke(real, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }

    public static <T> FaultInjector<T> before(Class<T> type, T real) {
        return new FaultInjector<>(type, real);
    }

    /** From now on every method of that name throws; the exception must be one it declares, or unchecked. */
    public FaultInjector<T> at(String method, Supplier<Throwable> fault) {
        faults.put(method, fault);
        return this;
    }

    /** From now on that method works. */
    public void heal(String method) {
        faults.remove(method);
    }

    /** How often that method has thrown. */
    public long thrown(String method) {
        return thrown.getOrDefault(method, new LongAdder()).sum();
    }

    /** What to use in place of the real object. */
    public T proxy() {
        return proxy;
    }
}
