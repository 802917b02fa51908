package jamestls.fakeinternet;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** Whom a fake mail server knows, and how it asks (RFC 4954). */
record FakeLogin(String user, String password, List<String> mechanisms) {

    String keyword() {
        return "AUTH " + String.join(" ", mechanisms);
    }

    boolean isPlain(String response) {
        return response.equals(base64('\0' + user + '\0' + password));
    }

    boolean isLogin(String userResponse, String passwordResponse) {
        return userResponse.equals(base64(user)) && passwordResponse.equals(base64(password));
    }

    /** The password is the token. */
    boolean isXoauth2(String response) {
        return response.equals(base64("user=" + user + "\1auth=Bearer " + password + "\1\1"));
    }

    static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
