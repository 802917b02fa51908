package jamestls.mtasts.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** One run of the command line in this JVM. */
record Run(int exitCode, String out, String err) {

    static Run of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Run(exitCode, out.toString(), err.toString());
    }

    /** The output with every time as N. */
    String outWithoutTimes() {
        return out.replaceAll("\\([0-9]+ ms\\)", "(N ms)").replaceAll("\"ms\": [0-9]+", "\"ms\": N");
    }
}
