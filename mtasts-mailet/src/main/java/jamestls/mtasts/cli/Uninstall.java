package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.install.Backup;
import jamestls.install.Plan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Reverts what install did. */
@Command(name = "uninstall", mixinStandardHelpOptions = true,
    description = "Reverts what install changed in James's conf directory. Later edits elsewhere in the files are kept.",
    footer = {"", "Exit codes: 0 done, 1 what install wrote was edited since, or not confirmed; nothing was changed, 2 wrong usage,",
        "3 a file can't be read or written"})
final class Uninstall implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR", required = true, description = "James's conf directory")
    private Path conf;

    @Mixin
    private Confirmation confirmation;

    @Override
    public Integer call() throws IOException {
        return confirmation.answering(() -> {
            PrintWriter out = spec.commandLine().getOut();
            Plan plan = Backup.revert(conf);
            if (!confirmation.confirmed(plan)) {
                return confirmation.unconfirmed();
            }
            out.println("done; the previous files are in " + Backup.applyRevert(plan));
            plan.afterwards().forEach(text -> out.println("- " + text));
            out.println("- Restart James.");
            return ExitCode.OK;
        });
    }
}
