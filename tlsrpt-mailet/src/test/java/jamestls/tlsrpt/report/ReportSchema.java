package jamestls.tlsrpt.report;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Validates reports with a third-party validator and a JSON Schema of RFC 8460 §4.4. */
public final class ReportSchema {

    private static final JsonSchema SCHEMA = read();

    private ReportSchema() {
    }

    /** Messages of the validator; empty if the report is valid. */
    public static List<String> problems(byte[] json) {
        return SCHEMA.validate(new String(json, StandardCharsets.UTF_8), InputFormat.JSON,
                context -> context.getExecutionConfig().setFormatAssertionsEnabled(true)).stream()
            .map(ValidationMessage::getMessage).sorted().toList();
    }

    private static JsonSchema read() {
        try (InputStream schema = ReportSchema.class.getResourceAsStream("/schema/tlsrpt.schema.json")) {
            return JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
