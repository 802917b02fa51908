package jamestls.mtasts.sts;

import jamestls.mtasts.sts.PolicyLint.LintNote;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Checks the TXT records at {@code _mta-sts.DOMAIN} for their owner.
 *
 * @param id empty if there are problems
 * @param problems the reasons for which senders find no policy; the line is the number of the record from 1, or 0 for all of
 *     them
 */
public record RecordLint(Optional<String> id, List<LintNote> problems) {

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9]{1,32}");
    private static final String EXAMPLE = "write it like v=STSv1; id=20260101T000000;";

    /** Checks records, never throws. It accepts the same records as {@link StsRecord#of}. */
    public static RecordLint of(List<String> records) {
        return switch (StsRecord.of(records)) {
            case StsRecord.Valid valid -> new RecordLint(Optional.of(valid.id()), List.of());
            case StsRecord.None none -> new RecordLint(Optional.empty(), records.isEmpty()
                ? List.of(new LintNote(0, "no record", EXAMPLE))
                : number(records, RecordLint::beginning));
            case StsRecord.Invalid invalid -> new RecordLint(Optional.empty(), ofInvalid(records, invalid.reason()));
        };
    }

    private interface Look {
        List<LintNote> at(String record, int number);
    }

    private static List<LintNote> number(List<String> records, Look look) {
        List<LintNote> notes = new ArrayList<>();
        for (int i = 0; i < records.size(); i++) {
            notes.addAll(look.at(records.get(i), i + 1));
        }
        return notes;
    }

    private static List<LintNote> beginning(String record, int number) {
        if (record.startsWith("\"")) {
            return List.of(new LintNote(number, "begins with a quotation mark",
                "the quotation marks of a zone file are not part of the record"));
        }
        String remedy = record.strip().regionMatches(true, 0, "v=STSv1", 0, 7)
            ? "write v=STSv1; at the very beginning, with just these capitals and the semicolon" : EXAMPLE;
        return List.of(new LintNote(number, "does not begin with v=STSv1;", remedy));
    }

    private static List<LintNote> ofInvalid(List<String> records, String reason) {
        List<LintNote> notes = new ArrayList<>();
        List<String> candidates = records.stream().filter(record -> !(StsRecord.of(List.of(record)) instanceof StsRecord.None)).toList();
        if (candidates.size() > 1) {
            notes.add(new LintNote(0, reason, "delete all but one; senders take none of several"));
        }
        notes.addAll(number(records, (record, number) -> candidates.contains(record) ? fields(record, number) : List.of()));
        return notes.isEmpty() ? List.of(new LintNote(0, reason, EXAMPLE)) : notes;
    }

    private static List<LintNote> fields(String record, int number) {
        if (!(StsRecord.of(List.of(record)) instanceof StsRecord.Invalid invalid)) {
            return List.of();
        }
        List<LintNote> notes = new ArrayList<>();
        String id = null;
        String[] fields = record.split(";", -1);
        for (int i = 1; i < fields.length; i++) {
            String field = fields[i].replaceAll("^[ \t]+|[ \t]+$", "");
            boolean last = i == fields.length - 1;
            if (field.startsWith("id=") && id == null) {
                id = field.substring(3);
                if (!ID.matcher(id).matches()) {
                    notes.add(new LintNote(number, "id is not 1 to 32 letters and digits",
                        "no hyphens, dots, blanks or quotation marks in it"));
                }
            } else if (field.regionMatches(true, 0, "id", 0, 2) && id == null && !field.startsWith("id=")) {
                notes.add(new LintNote(number, "an id that is not written id=", "write id= in small letters, without blanks around the ="));
            } else if (field.isEmpty() && !last) {
                notes.add(new LintNote(number, "two semicolons with nothing between them", "delete one"));
            } else if (!field.isEmpty() && !field.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\\x21-\\x3a\\x3c\\x3e-\\x7e]+")) {
                notes.add(new LintNote(number, "field " + i + " is not name=value", "delete it, or write it without blanks"));
            }
        }
        return notes.isEmpty() ? List.of(new LintNote(number, invalid.reason(), EXAMPLE)) : notes;
    }
}
