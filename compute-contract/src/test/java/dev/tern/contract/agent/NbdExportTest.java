package dev.tern.contract.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("An export of a foreign NBD server")
class NbdExportTest {
  @ParameterizedTest
  @Tag("S30")
  @Tag("S31")
  @CsvSource({
    "nbd://backup:10810/v,              nbd:backup:10810:exportname=v",
    "NBD://Backup.Example:1/pool/v-1,   nbd:Backup.Example:1:exportname=pool/v-1",
    "nbd://[2001:DB8::7]:9/v,           nbd:[2001:db8::7]:9:exportname=v",
    "nbd://backup/,                     nbd:backup:10809",
    "nbd://backup,                      nbd:backup:10809:exportname=",
    "nbd://backup/a%20b%2Cc%3F,         'nbd:backup:10809:exportname=a b,c?'",
    "nbd://backup//a,                   nbd:backup:10809:exportname=/a",
    "nbd://backup/100%25,               nbd:backup:10809:exportname=100%",
    "nbd://backup/%C3%A4,               nbd:backup:10809:exportname=ä",
    "nbd://backup/a+b,                  nbd:backup:10809:exportname=a+b",
    "nbd://backup/a:exportname=b,       nbd:backup:10809:exportname=a:exportname=b"
  })
  void is_the_same_whichever_way_it_is_written(String uri, String legacy) {
    NbdExport export = NbdExport.parse(uri);
    assertThat(NbdExport.parse(legacy)).isEqualTo(export);
    assertThat(NbdExport.parse(export.uri())).isEqualTo(export);
  }

  @Test
  @Tag("S31")
  void has_one_form() {
    assertThat(NbdExport.parse("nbd:[::1]:1:exportname=a b/c%\"}").uri())
        .isEqualTo("nbd://[::1]:1/a%20b/c%25%22%7D");
  }

  @ParameterizedTest
  @Tag("S30")
  @Tag("S31")
  @ValueSource(
      strings = {
        "",
        "/etc/passwd",
        "json:{}",
        "nbd:",
        "nbd:backup",
        "nbd:backup:10809:name=v",
        "nbd:backup:10809:exportname",
        "nbd:::1:10809:exportname=v",
        "nbd:backup:123456:exportname=v",
        "nbd:unix:/run/qmp:exportname=v",
        "nbd+unix:///v?socket=/run/qmp",
        "nbds://backup/v",
        "nbd:///v",
        "nbd://user@backup/v",
        "nbd://backup/v?socket=/run/qmp",
        "nbd://backup/v#f",
        "nbd://backup/%2",
        "nbd://backup/%zz",
        "nbd://backup/%-1",
        "nbd://backup/%C3",
        "nbd://backup/a%00b",
        "nbd://backup/a%0Ab",
        "nbd://backup/a\nb",
        "nbd://backup:0/v",
        "nbd://backup:65536/v",
        "nbd://2001:db8::7/v",
        "nbd://[backup]/v",
        "nbd://0.0.0.0/v",
        "nbd://[::]/v",
        "nbd://239.1.2.3/v"
      })
  void is_nothing_else(String hostile) {
    assertThatIllegalArgumentException().isThrownBy(() -> NbdExport.parse(hostile));
  }

  @Test
  @Tag("S31")
  void has_a_name_of_at_most_4096_bytes() {
    assertThat(NbdExport.parse("nbd://backup/" + "%41".repeat(4096)).name()).hasSize(4096);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> NbdExport.parse("nbd://backup/" + "ä".repeat(2049)));
  }

  @Test
  void may_be_a_volume() {
    assertThat(NbdExport.parse("nbd://storage/v").volume())
        .contains(VolumeAddress.parse("nbd://storage/v"));
    assertThat(NbdExport.parse("nbd://storage/a%20b").volume()).isEmpty();
  }
}
