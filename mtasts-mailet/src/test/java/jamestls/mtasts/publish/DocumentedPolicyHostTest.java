package jamestls.mtasts.publish;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.config.DocumentedParameters;
import jamestls.config.Parameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** docs/configuration.md against the code, both ways. */
class DocumentedPolicyHostTest {

    @Test
    void everyParameterShouldBeDocumentedWithItsDefault() throws IOException {
        Parameters parameters = new Parameters(PolicyHostSettings.FILE, Map.of(), Parameters.ForeignNames.NONE, Path::of);
        PolicyHostSettings.of(parameters);

        assertThat(DocumentedParameters.of(PolicyHostSettings.FILE)).isEqualTo(DocumentedParameters.of(parameters));
    }
}
