package jamestls.page;

import jamestls.net.Sanitized;
import java.util.function.Consumer;

/**
 * Writes HTML. Every text and attribute value is escaped and has no control characters; names of elements and attributes come from code
 * only. Not thread-safe.
 */
public final class Html {

    private static final int MAX_TEXT = 2_000;

    private final StringBuilder out = new StringBuilder(16_384);

    /** Writes an element with a text. */
    public Html element(String name, String text, String... attributes) {
        return element(name, inside -> inside.text(text), attributes);
    }

    /**
     * Writes an element.
     *
     * @param attributes names and values in turn
     */
    public Html element(String name, Consumer<Html> content, String... attributes) {
        start(name, attributes);
        content.accept(this);
        out.append("</").append(name).append('>');
        return this;
    }

    /** Writes an element that has no content and no end tag, like {@code meta}. */
    public Html empty(String name, String... attributes) {
        start(name, attributes);
        return this;
    }

    /** Writes a text, cut after 2,000 characters. */
    public Html text(String text) {
        escape(Sanitized.line(text, MAX_TEXT));
        return this;
    }

    /** Writes a link within the page. */
    public Html link(String path, String text) {
        return element("a", text, "href", path);
    }

    /**
     * Writes the head of a table, and its rows.
     *
     * @param columns the names; {@code #} before a name makes it a column of numbers
     */
    public Html table(String caption, String[] columns, Consumer<Html> rows) {
        return element("div", box -> box.element("table", table -> {
            table.element("caption", caption);
            table.element("thead", head -> head.element("tr", row -> {
                for (String column : columns) {
                    if (column.startsWith("#")) {
                        row.element("th", column.substring(1), "scope", "col", "class", "number");
                    } else {
                        row.element("th", column, "scope", "col");
                    }
                }
            }));
            table.element("tbody", rows);
        }), "class", "scroll", "tabindex", "0", "role", "region", "aria-label", caption);
    }

    private void start(String name, String... attributes) {
        out.append('<').append(name);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(Sanitized.line(attributes[i + 1], MAX_TEXT));
            out.append('"');
        }
        out.append('>');
    }

    private void escape(String text) {
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            switch (each) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(each);
            }
        }
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
