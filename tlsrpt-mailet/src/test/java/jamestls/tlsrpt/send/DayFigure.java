package jamestls.tlsrpt.send;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Draws what {@link TallyBench} has measured of days of different sizes: processor time per outcome and per report. */
final class DayFigure {

    private static final int WIDTH = 720;
    private static final int HEIGHT = 360;
    private static final int LEFT = 60;
    private static final int TOP = 30;
    private static final int BOTTOM = 310;
    private static final int RIGHT = 560;
    private static final double MAX = 1_000;
    private static final String TEXT = "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>%n";

    private record Curve(String label, String colour, ToDoubleFunction<JsonNode> value) {
    }

    private static final List<Curve> CURVES = List.of(
        new Curve("µs per report", "#b03a2e", day -> day.at("/reports/cpuMicrosEach").asDouble()),
        new Curve("µs per outcome", "#1f618d", day -> day.at("/day/cpuMicrosEach").asDouble()));

    private DayFigure() {
    }

    /**
     * Writes the picture.
     *
     * @param results the file of results, with a section {@code days}
     */
    static void draw(Path results, Path picture) throws IOException {
        List<Map.Entry<Double, JsonNode>> days = new ArrayList<>();
        new ObjectMapper().readTree(results.toFile()).get("days").properties().forEach(day -> {
            if (!day.getKey().equals(TallyBench.NOT_REPORTED)) {
                days.add(Map.entry(Double.valueOf(day.getKey()), day.getValue()));
            }
        });
        days.sort(Map.Entry.comparingByKey());
        StringBuilder svg = new StringBuilder(String.format(Locale.ROOT, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
            + "height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">%n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>%n",
            WIDTH, HEIGHT));
        for (double tick = 1; tick <= MAX; tick *= 10) {
            svg.append(String.format(Locale.ROOT, "<path d=\"M%d %.1f H%d\" stroke=\"#ddd\"/>%n", LEFT, y(tick), RIGHT));
            svg.append(text(LEFT - 8, y(tick) + 4, "end", "#333", String.format(Locale.ROOT, "%,.0f", tick)));
        }
        double first = days.getFirst().getKey();
        double last = days.getLast().getKey();
        days.forEach(day -> svg.append(text(x(day.getKey(), first, last), BOTTOM + 18, "middle", "#333",
            String.format(Locale.ROOT, "%,.0f", day.getKey()))));
        svg.append(text((LEFT + RIGHT) / 2.0, BOTTOM + 38, "middle", "#333", "recipient domains of the day"));
        for (Curve curve : CURVES) {
            StringBuilder points = new StringBuilder();
            days.forEach(day -> points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(day.getKey(), first, last),
                y(curve.value().applyAsDouble(day.getValue())))));
            svg.append(String.format(Locale.ROOT, "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>%n",
                points.toString().strip(), curve.colour()));
            svg.append(text(RIGHT + 8, y(curve.value().applyAsDouble(days.getLast().getValue())) + 4, "start", curve.colour(),
                curve.label()));
        }
        Files.writeString(picture, svg.append("</svg>\n"));
    }

    private static double x(double domains, double first, double last) {
        return LEFT + (RIGHT - LEFT) * (first == last ? 1 : Math.log(domains / first) / Math.log(last / first));
    }

    private static double y(double value) {
        return BOTTOM - (BOTTOM - TOP) * Math.log(Math.max(1, value)) / Math.log(MAX);
    }

    private static String text(double x, double y, String anchor, String colour, String text) {
        return String.format(Locale.ROOT, TEXT, x, y, anchor, colour, text);
    }
}
