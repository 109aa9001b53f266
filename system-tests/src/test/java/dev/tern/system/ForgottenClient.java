package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.standalone.DemoStage;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The client of docs/libvirt.md, which asks for a live migration and is killed when it has its 202.
 */
final class ForgottenClient {
  private static final int KILLED = 128 + 9;

  private ForgottenClient() {}

  /** Nobody is left who asked, nor the API that answered; the server moves all the same. */
  static void asks(DemoStage stage, TestServer server) throws Exception {
    String home = server.host();
    // It is held where its user would go on with something else.
    Process client =
        new ProcessBuilder(
                "python3",
                "-c",
                example() + "\nimport signal; signal.pause()",
                stage.place().api().toString().replaceFirst("/$", ""),
                server.id())
            .redirectErrorStream(true)
            .start();
    try (BufferedReader said = client.inputReader()) {
      assertThat(said.readLine()).isEqualTo("202");
    } finally {
      client.destroyForcibly();
    }
    stage.kill("api");
    assertThat(client.waitFor()).as("the client had not ended by itself").isEqualTo(KILLED);
    stage.restart("api");
    ServerDisk.await("the API answers again", () -> answers(server));
    assertThat(server.awaitMigrationEnd()).isEqualTo("completed");
    server.awaitStatus("ACTIVE");
    assertThat(server.host()).isNotEqualTo(home);
  }

  private static boolean answers(TestServer server) throws InterruptedException {
    try {
      return server.show().isObject();
    } catch (IOException _) {
      return false; // not yet
    }
  }

  private static String example() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "libvirt.md"));
    String begin = "<!-- client -->\n```python\n";
    String end = "```\n<!-- /client -->";
    assertThat(page).contains(begin, end);
    String example = page.substring(page.indexOf(begin) + begin.length(), page.indexOf(end));
    assertThat(example.lines()).hasSize(3);
    return example;
  }
}
