package dev.tern.client.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.client.command.FakeTern.Look;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@DisplayName("Ctrl-C while waiting")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CtrlCTest {
  private static final long LONGEST = 60;

  @Test
  @Tag("S55")
  void ends_the_wait_only_and_says_how_to_end_the_migration() throws Exception {
    try (FakeTern tern = new FakeTern()) {
      String id = tern.server("web");
      tern.migrationsGo(new Look("running", 12));
      // Who was started with SIGINT ignored, as by nohup, hands that on, and a JVM leaves it so.
      ProcessBuilder typed =
          new ProcessBuilder(
              "env",
              "--default-signal=INT",
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-cp",
              System.getProperty("java.class.path"),
              Client.class.getName(),
              "migrate",
              "web",
              "--wait",
              "--verbose");
      typed.environment().put("TERN_ENDPOINT", tern.endpoint());
      Process process = typed.redirectErrorStream(true).start();
      // Nothing interrupts who reads a pipe; its end does.
      CompletableFuture.delayedExecutor(LONGEST, TimeUnit.SECONDS)
          .execute(process::destroyForcibly);
      try (BufferedReader said = process.inputReader(StandardCharsets.UTF_8)) {
        assertThat(said.readLine()).contains("[ 12 %] running");
        Process kill = new ProcessBuilder("kill", "-INT", "" + process.pid()).start();
        assertThat(kill.waitFor()).isZero();
        assertThat(said.readLine())
            .contains("No longer waiting", "goes on", "tern domjobabort " + id);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(130);
      } finally {
        process.destroyForcibly();
      }
      assertThat(tern.heard).noneMatch(line -> line.contains("abort"));
      assertThat(tern.migrations.values()).noneMatch(FakeMigration::over);
    }
  }
}
