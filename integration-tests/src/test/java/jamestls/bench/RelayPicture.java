package jamestls.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/** A picture of all cases: a panel for each, with a bar for each sender and one behind them for the limit. */
final class RelayPicture {

    private static final int COLUMNS = 2;
    private static final int PANEL_WIDTH = 430;
    private static final int BAR_LEFT = 150;
    /** Of the limit, which is the longest unless somebody was measured above it. */
    private static final int BAR_WIDTH = 200;
    private static final int BAR_STEP = 20;
    private static final int BAR_HEIGHT = 14;
    private static final int TITLE_HEIGHT = 30;
    private static final int MARGIN = 16;
    private static final String HEAD = """
        <svg xmlns="http://www.w3.org/2000/svg" width="%1$d" height="%2$d" viewBox="0 0 %1$d %2$d" role="img" \
        aria-label="Mails per second by case and sender">
        <style>
        text { font: 12px sans-serif; fill: #1f2328 } .title { font-weight: bold } .page { fill: #ffffff }
        .limit { fill: #d0d7de } .ours { fill: #1f883d } .other { fill: #6e7781 }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 } .page { fill: #0d1117 } .limit { fill: #30363d } .ours { fill: #3fb950 } .other { fill: #8b949e }
        }
        </style>
        <rect class="page" width="%1$d" height="%2$d" rx="6"/>
        """;

    private RelayPicture() {
    }

    /** @param cases objects of {@code relay.json} */
    static String of(List<JsonNode> cases) {
        int panelHeight = TITLE_HEIGHT + (RelayReport.SENDERS.size() + 1) * BAR_STEP + MARGIN;
        int rows = (cases.size() + COLUMNS - 1) / COLUMNS;
        StringBuilder picture = new StringBuilder(String.format(Locale.ROOT, HEAD, COLUMNS * PANEL_WIDTH, rows * panelHeight + MARGIN));
        for (int i = 0; i < cases.size(); i++) {
            panel(picture, cases.get(i), i % COLUMNS * PANEL_WIDTH + MARGIN, i / COLUMNS * panelHeight + MARGIN);
        }
        return picture.append("</svg>\n").toString();
    }

    private static void panel(StringBuilder picture, JsonNode each, int left, int top) {
        int destinations = each.path("destinations").asInt();
        text(picture, left, top + BAR_HEIGHT, "title", String.format(Locale.ROOT, "%d ms, %d destination%s, %s: mails per second",
            each.path("rtt_ms").asInt(), destinations, destinations == 1 ? "" : "s", RelayReport.size(each)));
        double limit = limit(each);
        double longest = RelayReport.SENDERS.stream().mapToDouble(sender -> rate(each, sender.key())).reduce(limit, Math::max);
        int y = top + TITLE_HEIGHT;
        if (limit > 0) {
            bar(picture, left, y, "limit", rate(each, "limit") <= limit ? "limit (network)" : "limit (James's queue)", limit, longest);
            y += BAR_STEP;
        }
        for (RelayReport.Sender sender : RelayReport.SENDERS) {
            if (rate(each, sender.key()) > 0) {
                bar(picture, left, y, sender.key().equals("secure") ? "ours" : "other", sender.title(), rate(each, sender.key()), longest);
                y += BAR_STEP;
            }
        }
    }

    /** The lower one of both limits; zero if one of them was not measured. */
    private static double limit(JsonNode each) {
        return Math.min(rate(each, "limit"), rate(each, "queue"));
    }

    private static double rate(JsonNode each, String key) {
        return each.path(key + "_per_s").asDouble(0);
    }

    private static void bar(StringBuilder picture, int left, int y, String kind, String title, double value, double longest) {
        long width = Math.max(1, Math.round(value / longest * BAR_WIDTH));
        text(picture, left, y + BAR_HEIGHT - 3, "name", title);
        picture.append(String.format(Locale.ROOT, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>\n",
            kind, left + BAR_LEFT, y, width, BAR_HEIGHT));
        text(picture, left + BAR_LEFT + (int) width + 6, y + BAR_HEIGHT - 3, "value", RelayReport.perSecond(value));
    }

    private static void text(StringBuilder picture, int x, int y, String kind, String text) {
        picture.append(String.format(Locale.ROOT, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", kind, x, y, text));
    }
}
