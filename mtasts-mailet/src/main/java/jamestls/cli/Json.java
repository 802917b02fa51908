package jamestls.cli;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes JSON (RFC 8259) for the commands, which have no JSON library. */
public final class Json {

    private Json() {
    }

    /** An object whose members keep their order: name, value, name, value. */
    public static Map<String, Object> object(Object... namesAndValues) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return object;
    }

    /** @param value maps, iterables, strings, numbers, booleans and null; indented by two spaces */
    public static String of(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, "\n", text);
        return text.toString();
    }

    private static void write(Object value, String newLine, StringBuilder text) {
        switch (value) {
            case null -> text.append("null");
            case Map<?, ?> map -> {
                Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
                text.append(entries.hasNext() ? "{" : "{}");
                while (entries.hasNext()) {
                    Map.Entry<?, ?> entry = entries.next();
                    text.append(newLine).append("  ");
                    quote(entry.getKey().toString(), text);
                    write(entry.getValue(), newLine + "  ", text.append(": "));
                    text.append(entries.hasNext() ? "," : newLine + "}");
                }
            }
            case Iterable<?> list -> {
                Iterator<?> items = list.iterator();
                text.append(items.hasNext() ? "[" : "[]");
                while (items.hasNext()) {
                    write(items.next(), newLine + "  ", text.append(newLine).append("  "));
                    text.append(items.hasNext() ? "," : newLine + "]");
                }
            }
            case Number number -> text.append(number);
            case Boolean truth -> text.append(truth);
            case Object other -> quote(other.toString(), text);
        }
    }

    /** Escapes everything but printable ASCII, so that no control character reaches a terminal or log. */
    private static void quote(String string, StringBuilder text) {
        text.append('"');
        for (char c : string.toCharArray()) {
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 0x20 || c > 0x7e) {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }
}
