package jamestls.net;

import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only way to a logger: everything that strangers can have a part in is cleaned and bounded before it is written, so that no
 * certificate, server or name server writes a log line of its own. {@code ArchitectureTest} forbids SLF4J elsewhere.
 *
 * <p>Patterns and arguments are as with SLF4J: {@code {}} stands for an argument, and a Throwable in the last place brings its stack
 * trace.
 */
public final class SanitizedLogger {

    /** In UTF-16 units, for the pattern and for each argument. */
    private static final int MAX_TEXT = 4_000;
    private static final int MAX_CAUSES = 20;

    private final Logger logger;

    private SanitizedLogger(Logger logger) {
        this.logger = logger;
    }

    public static SanitizedLogger of(Class<?> type) {
        return new SanitizedLogger(LoggerFactory.getLogger(type));
    }

    public static SanitizedLogger of(String name) {
        return new SanitizedLogger(LoggerFactory.getLogger(name));
    }

    /**
     * Drops the lines below ERROR of a bundled library, unless the administrator has set a level for it. Has an effect in James, which
     * logs through Logback.
     *
     * @param name name of the library's loggers, or a prefix of it
     */
    public static void limitToErrors(String name) {
        Logger logger = LoggerFactory.getLogger(name);
        try {
            Class<?> level = Class.forName(logger.getClass().getPackageName() + ".Level", true, logger.getClass().getClassLoader());
            if (logger.getClass().getMethod("getLevel").invoke(logger) == null) {
                logger.getClass().getMethod("setLevel", level).invoke(logger, level.getField("ERROR").get(null));
            }
        } catch (ReflectiveOperationException e) {
            logger.debug("The level of this logger can't be set: {}", e.toString());
        }
    }

    public void trace(String pattern, Object... arguments) {
        if (logger.isTraceEnabled()) {
            logger.trace(Sanitized.line(pattern, MAX_TEXT), clean(arguments));
        }
    }

    public void debug(String pattern, Object... arguments) {
        if (logger.isDebugEnabled()) {
            logger.debug(Sanitized.line(pattern, MAX_TEXT), clean(arguments));
        }
    }

    public void info(String pattern, Object... arguments) {
        if (logger.isInfoEnabled()) {
            logger.info(Sanitized.line(pattern, MAX_TEXT), clean(arguments));
        }
    }

    public void warn(String pattern, Object... arguments) {
        if (logger.isWarnEnabled()) {
            logger.warn(Sanitized.line(pattern, MAX_TEXT), clean(arguments));
        }
    }

    public void error(String pattern, Object... arguments) {
        if (logger.isErrorEnabled()) {
            logger.error(Sanitized.line(pattern, MAX_TEXT), clean(arguments));
        }
    }

    private static Object[] clean(Object[] arguments) {
        Object[] clean = new Object[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            clean[i] = i == arguments.length - 1 && arguments[i] instanceof Throwable thrown
                ? isClean(thrown, MAX_CAUSES) ? thrown : clean(thrown, MAX_CAUSES) : clean(arguments[i]);
        }
        return clean;
    }

    private static Object clean(Object argument) {
        return switch (argument) {
            case null -> null;
            case Number number -> number;
            case Duration duration -> duration;
            case Instant instant -> instant;
            case Object other -> Sanitized.line(other.toString(), MAX_TEXT);
        };
    }

    private static boolean isClean(Throwable thrown, int causes) {
        String text = thrown.toString();
        if (causes == 0 || !Sanitized.line(text, MAX_TEXT).equals(text)) {
            return false;
        }
        for (Throwable suppressed : thrown.getSuppressed()) {
            if (!isClean(suppressed, causes - 1)) {
                return false;
            }
        }
        return thrown.getCause() == null || isClean(thrown.getCause(), causes - 1);
    }

    /** Copies an exception with sanitized messages, down to a number of causes. */
    private static Throwable clean(Throwable thrown, int causes) {
        CleanThrowable clean = new CleanThrowable(Sanitized.line(thrown.toString(), MAX_TEXT),
            thrown.getCause() == null || causes == 0 ? null : clean(thrown.getCause(), causes - 1));
        clean.setStackTrace(thrown.getStackTrace());
        if (causes > 0) {
            for (Throwable suppressed : thrown.getSuppressed()) {
                clean.addSuppressed(clean(suppressed, causes - 1));
            }
        }
        return clean;
    }

    /** A copy of an exception with a sanitized message, for stack traces. */
    private static final class CleanThrowable extends Exception {

        CleanThrowable(String text, Throwable cause) {
            super(text, cause);
        }

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }
}
