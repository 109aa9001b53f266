package dev.tern.virt.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.virt.Guest.IncomingEndpoints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The file of what an incoming guest listens on")
class EndpointsFileTest {
  @TempDir Path instance;

  @Test
  @Tag("S96")
  void is_read_as_it_was_written() throws Exception {
    EndpointsFile file = new EndpointsFile(instance);
    assertThat(file.read()).isEmpty();
    IncomingEndpoints there =
        new IncomingEndpoints("127.0.0.1", 49_400, 49_401, Map.of("disk0", "export-0001"), true);
    file.write(there);
    assertThat(new EndpointsFile(instance).read()).contains(there);
    file.delete();
    assertThat(file.read()).isEmpty();
  }

  @Test
  void of_a_driver_that_knew_less_is_of_a_guest_that_expects_the_streams_description()
      throws Exception {
    Files.writeString(
        instance.resolve("incoming.json"),
        "{\"address\":\"127.0.0.1\",\"nbdPort\":49400,\"migrationPort\":49401,\"exportNames\":{}}");
    assertThat(new EndpointsFile(instance).read())
        .contains(new IncomingEndpoints("127.0.0.1", 49_400, 49_401, Map.of(), false));
  }
}
