package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.HostReport.Offers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The bases a report tells of")
class NewestBasesTest {
  @TempDir private Path directory;

  private void base(String name, int at) throws Exception {
    Path file = Files.writeString(directory.resolve(name), "x");
    Files.setLastModifiedTime(file, FileTime.fromMillis(1_000L * at));
  }

  @Test
  void are_the_newest_whole_ones_within_a_bound() throws Exception {
    for (int n = 1; n <= Offers.BASES + 2; n++) {
      base("%016x".formatted(n).repeat(4), n);
    }
    String newest = "0123456789abcdef".repeat(4);
    base(newest, 10_000);
    base("f".repeat(64) + ".half", 20_000);
    base("f".repeat(64) + ".wrong", 20_000);
    assertThat(NewestBases.in(directory))
        .hasSize(Offers.BASES)
        .startsWith("0123456789abcdef")
        .doesNotContain("f".repeat(Offers.DIGEST))
        .allMatch(name -> name.length() == Offers.DIGEST);
  }
}
