package jamestls.page;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HtmlTest {

    @Test
    void textsAndAttributesShouldBeEscapedAndHaveNoInvisibleCharacters() {
        String written = new Html().element("td", "<script>alert('1')</script> & \u0000\u202e\"x\"", "title", "\"><b>' &").toString();

        assertThat(written).isEqualTo("<td title=\"&quot;&gt;&lt;b&gt;&#39; &amp;\">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; "
            + "??&quot;x&quot;</td>");
    }

    @Test
    void textsShouldBeCut() {
        assertThat(new Html().text("x".repeat(100_000)).toString()).hasSize(2_000);
    }
}
