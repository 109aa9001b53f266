package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.api.identity.PasswordHash;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

@DisplayName("./tern hash-password")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HashPasswordCommandTest {
  private final InputStream before = System.in;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @AfterEach
  void giveBack() {
    System.setIn(before);
  }

  private int run(String typed) {
    System.setIn(new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)));
    return new CommandLine(new HashPasswordCommand())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute();
  }

  @Test
  void prints_what_the_users_file_takes_for_the_password_it_reads() {
    assertThat(run("grüße, 7 Möwen\nnot this line\n")).isZero();
    PasswordHash hash = PasswordHash.parse(out.toString().strip());
    assertThat(hash.iterations()).isEqualTo(PasswordHash.USUAL);
    assertThat(hash.matches("grüße, 7 Möwen")).isTrue();
    assertThat(hash.matches("grüße, 7 Möwe")).isFalse();
    assertThat(out.toString()).doesNotContain("Möwe");
  }

  @Test
  void prints_another_hash_each_time() {
    run("same\n");
    String first = out.toString();
    run("same\n");
    assertThat(out.toString()).startsWith(first).isNotEqualTo(first + first);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n"})
  void prints_nothing_when_none_comes(String typed) {
    assertThat(run(typed)).isEqualTo(2);
    assertThat(out.toString()).isEmpty();
    assertThat(err.toString()).contains("no password");
  }
}
