package jamestls.page;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A picture of numbers per day: one bar for each day, one colour for each kind, as inline SVG, with the same numbers in a table for those
 * who don't see it.
 */
public final class DayChart {

    private static final int WIDTH = 720;
    private static final int HEIGHT = 200;
    private static final int LEFT = 56;
    private static final int BOTTOM = 24;
    private static final int TOP = 10;
    private static final int GRID_LINES = 4;

    private final String title;
    private final List<String> kinds;
    private final Colours colours;
    private final List<Day> days = new ArrayList<>();
    private final List<Mark> marks = new ArrayList<>();

    private record Day(LocalDate day, long[] numbers) {

        long sum() {
            long sum = 0;
            for (long number : numbers) {
                sum += number;
            }
            return sum;
        }
    }

    private record Mark(LocalDate day, String text) {
    }

    /** What the colours say. */
    public enum Colours {
        /** From the strongest protection to none, then failures. */
        PROTECTION(0, 1, 2, 3),
        /** Success and failure. */
        GOOD_AND_BAD(0, 3);

        private final int[] numbers;

        Colours(int... numbers) {
            this.numbers = numbers;
        }
    }

    /** @param kinds the names of the kinds, from the bottom of a bar to its top, one for each colour */
    public DayChart(String title, List<String> kinds, Colours colours) {
        this.title = title;
        this.kinds = List.copyOf(kinds);
        this.colours = colours;
    }

    /** Adds a day; days are added in their order. */
    public DayChart day(LocalDate day, long... numbers) {
        days.add(new Day(day, numbers.clone()));
        return this;
    }

    /** Marks a day, for example because a certificate changed. */
    public DayChart mark(LocalDate day, String text) {
        marks.add(new Mark(day, text));
        return this;
    }

    /** Whether there is nothing to be seen. */
    public boolean isEmpty() {
        return days.stream().allMatch(day -> day.sum() == 0);
    }

    /** Writes the picture, its legend and its table. */
    public void write(Html page) {
        page.element("figure", figure -> {
            figure.element("figcaption", title);
            figure.element("svg", this::draw, "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "role", "img", "aria-label",
                title + ", " + days.size() + " days; the table below has the numbers", "class", "chart");
            figure.element("ul", legend -> {
                for (int kind = 0; kind < kinds.size(); kind++) {
                    int number = kind;
                    legend.element("li", item ->
                        item.element("span", "", "class", "key kind" + colours.numbers[number]).text(kinds.get(number)));
                }
            }, "class", "legend");
            figure.element("details", details -> {
                details.element("summary", "The numbers");
                details.table(title, columns(), this::rows);
            });
        });
    }

    private void draw(Html svg) {
        long top = scale(days.stream().mapToLong(Day::sum).max().orElse(0));
        for (int line = 0; line <= GRID_LINES; line++) {
            double y = y(top * line / (double) GRID_LINES, top);
            svg.element("line", "", "x1", "" + LEFT, "x2", "" + WIDTH, "y1", number(y), "y2", number(y), "class", "grid");
            svg.element("text", shortened(top * line / GRID_LINES), "x", "" + (LEFT - 6), "y", number(y + 4), "class", "axis end");
        }
        double step = (WIDTH - LEFT) / (double) Math.max(1, days.size());
        for (int i = 0; i < days.size(); i++) {
            bar(svg, days.get(i), LEFT + step * i, step, top);
        }
    }

    private void bar(Html svg, Day day, double x, double step, long top) {
        long below = 0;
        for (int kind = 0; kind < day.numbers.length; kind++) {
            long number = day.numbers[kind];
            if (number > 0) {
                double y = y(below + number, top);
                String name = day.day + ", " + kinds.get(kind) + ": " + number;
                svg.element("rect", bar -> bar.element("title", name), "x", number(x + step * 0.12), "width", number(step * 0.76),
                    "y", number(y), "height", number(y(below, top) - y), "class", "kind" + colours.numbers[kind]);
            }
            below += number;
        }
        if (days.size() <= 16 || day.day.getDayOfMonth() % 7 == 1) {
            svg.element("text", day.day.toString().substring(5), "x", number(x + step / 2), "y", "" + (HEIGHT - 8), "class", "axis middle");
        }
        marks.stream().filter(mark -> mark.day.equals(day.day)).forEach(mark -> svg.element("line",
            line -> line.element("title", mark.day + ": " + mark.text), "x1", number(x + step / 2), "x2", number(x + step / 2),
            "y1", "" + TOP, "y2", "" + (HEIGHT - BOTTOM), "class", "mark"));
    }

    private static double y(double value, long top) {
        return HEIGHT - BOTTOM - value / top * (HEIGHT - BOTTOM - TOP);
    }

    /** The end of the axis: four steps of 1, 2 or 5 with zeros behind. */
    private static long scale(long highest) {
        for (long unit = 1;; unit *= 10) {
            for (long step : new long[] {unit, 2 * unit, 5 * unit}) {
                if (highest <= GRID_LINES * step) {
                    return GRID_LINES * step;
                }
            }
        }
    }

    private static String shortened(long value) {
        return value >= 1_000_000 && value % 100_000 == 0 ? (value / 100_000 / 10.0 + "M").replace(".0M", "M")
            : value >= 1_000 && value % 100 == 0 ? (value / 100 / 10.0 + "k").replace(".0k", "k") : Long.toString(value);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private String[] columns() {
        List<String> columns = new ArrayList<>(List.of("Day (UTC)"));
        kinds.forEach(kind -> columns.add("#" + kind));
        if (!marks.isEmpty()) {
            columns.add("Events");
        }
        return columns.toArray(String[]::new);
    }

    private void rows(Html table) {
        for (Day day : days.reversed()) {
            table.element("tr", row -> {
                row.element("th", day.day.toString(), "scope", "row");
                for (long number : day.numbers) {
                    row.element("td", Long.toString(number), "class", "number");
                }
                if (!marks.isEmpty()) {
                    row.element("td", String.join("; ",
                        marks.stream().filter(mark -> mark.day.equals(day.day)).map(Mark::text).toList()));
                }
            });
        }
    }
}
