package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.FormSettings;
import dev.tern.standalone.demo.Demo;
import dev.tern.standalone.demo.DemoReport;
import dev.tern.standalone.demo.Pauses;
import dev.tern.standalone.demo.RunnerSampler;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo, with more eyes on it. Its printed story is the README's transcript. */
@DisplayName("The main job")
class MainJobSystemTest {
  @TempDir Path folder;

  @Test
  @Tag("S62")
  @Tag("S63")
  @Tag("S84")
  @Tag("S103")
  @Tag("S136")
  void moves_a_writing_guest_with_its_disk_and_keeps_every_promise() throws Exception {
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    FormSettings settings =
        new FormSettings(folder, 2, 0, Optional.empty(), Optional.empty(), false, Map.of());
    List<String> runners;
    long samples;
    int twoAtOnce;
    DemoReport report;
    try (DemoStage stage = DemoStage.set(settings, out::println);
        RunnerSampler sampler = new RunnerSampler(stage.place().hostData())) {
      report = new Demo(stage.place(), Pause.SLEEPING, out, false).play();
      report.print(out);
      runners = sampler.runners();
      samples = sampler.samples();
      twoAtOnce = sampler.momentsWithTwoRunners();
    }
    assertThat(report.broken()).as(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    // I1, by an eye of its own on both QEMUs.
    assertThat(samples).isGreaterThan(500);
    assertThat(twoAtOnce).isZero();
    assertThat(runners).containsExactly(report.source(), report.destination());
    Pauses pause = report.pause();
    assertThat(pause.total()).isBetween(1.0, 5_000.0);
    assertThat(List.of(pause.stop(), pause.mirrorDrain(), pause.deviceState(), pause.start()))
        .allMatch(part -> part >= 0);
    assertThat(pause.stop() + pause.mirrorDrain() + pause.deviceState() + pause.start())
        .isCloseTo(pause.total(), within(0.01));
    // The looks enclose the pause; QEMU stamps it by another clock.
    assertThat(report.pauseMillisSeenFromOutside()).isGreaterThan(pause.total() - 5);
    new ReadmeTranscript(Path.of("..").resolve("README.md"), "transcript")
        .mustTell(printed.toString(StandardCharsets.UTF_8));
    assertThat(leftProcesses()).isEmpty();
  }

  /** I5 for the form itself: nothing that was started in its folder still runs. */
  private List<String> leftProcesses() {
    List<String> left = new ArrayList<>();
    ProcessHandle.allProcesses()
        .filter(process -> !process.equals(ProcessHandle.current()))
        .filter(process -> process.info().commandLine().orElse("").contains(folder.toString()))
        .forEach(process -> left.add(process.info().commandLine().orElse("")));
    return left;
  }
}
