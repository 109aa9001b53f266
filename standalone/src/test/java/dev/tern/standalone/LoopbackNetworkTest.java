package dev.tern.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The loopback network of a form")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LoopbackNetworkTest {
  @TempDir Path directory;

  private LoopbackNetwork take(String note) throws IOException {
    return LoopbackNetwork.take(directory.resolve(note));
  }

  @Test
  void is_another_for_each_and_the_same_again_later() throws Exception {
    String first;
    try (LoopbackNetwork one = take("one");
        LoopbackNetwork two = take("two")) {
      first = two.address(7);
      assertThat(first).matches("127\\.0\\.[0-9]{1,3}\\.7").isNotEqualTo(one.address(7));
    }
    try (LoopbackNetwork again = take("two")) {
      assertThat(again.address(7)).isEqualTo(first);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "251", "999", "-1", "one", "1\n2"})
  void is_any_that_is_free_when_its_note_is_nonsense(String nonsense) throws Exception {
    Files.writeString(directory.resolve("note"), nonsense);
    try (LoopbackNetwork network = take("note")) {
      String number = Files.readString(directory.resolve("note")).strip();
      assertThat(network.address(1)).isEqualTo("127.0." + number + ".1");
    }
  }

  @Test
  void shows_who_listens_there_and_not_elsewhere() throws Exception {
    try (LoopbackNetwork own = take("own");
        LoopbackNetwork other = take("other");
        ServerSocket guest = new ServerSocket(0, 1, InetAddress.getByName(own.address(1)))) {
      String port = ":%04X".formatted(guest.getLocalPort());
      assertThat(own.listeners())
          .anyMatch(address -> address.startsWith("01") && address.endsWith(port))
          .noneMatch(address -> address.startsWith("FE"));
      assertThat(other.listeners()).noneMatch(address -> address.endsWith(port));
    }
  }
}
