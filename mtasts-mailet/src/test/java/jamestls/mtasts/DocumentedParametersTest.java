package jamestls.mtasts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.config.ConfigurationException;
import jamestls.config.DocumentedParameters;
import jamestls.config.Parameters;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** docs/configuration.md against the code, both ways. */
class DocumentedParametersTest {

    @Test
    void everyParameterShouldBeDocumentedWithItsDefault() throws IOException, ConfigurationException {
        Parameters parameters = OutboundSettingsTest.parameters();
        OutboundSettings.of(parameters, new OutboundSettingsTest.Surroundings());

        assertThat(DocumentedParameters.of("SecureRemoteDelivery")).isEqualTo(DocumentedParameters.of(parameters));
    }
}
