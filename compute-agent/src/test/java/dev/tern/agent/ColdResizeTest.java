package dev.tern.agent;

import static dev.tern.agent.TwoHosts.SERVER;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentRequest.CheckResize;
import dev.tern.contract.agent.AgentRequest.ClearArrival;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.DropKept;
import dev.tern.contract.agent.AgentRequest.FindKept;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.LetGo;
import dev.tern.contract.agent.AgentRequest.NewSize;
import dev.tern.contract.agent.AgentRequest.ResizeHere;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentRequest.StopServer;
import dev.tern.contract.agent.AgentRequest.TakeBack;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("A server that is resized where it is")
@Tag("S124")
class ColdResizeTest {
  private static final NewSize LARGER = new NewSize(2, 128, 16 << 20);
  private static final int STEPS = 4;

  @TempDir Path directory;
  private final FakeWorld world = new FakeWorld();
  private TwoHosts hosts;
  private byte[] written = {};

  private static Header header(long epoch) {
    return new Header(RequestId.of(SERVER.value()), SERVER, epoch, Optional.empty());
  }

  @BeforeEach
  void runs() throws Exception {
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
    hosts.runs(header(1), MoreDisks.of(true, List.of(4L << 20), Optional.empty()));
    Files.write(disk("disk0"), "what it wrote".getBytes(UTF_8), StandardOpenOption.APPEND);
    written = Files.readAllBytes(disk("disk0"));
  }

  @AfterEach
  void oneRunnerAtEveryInstant() throws Exception {
    hosts.close();
    assertThat(world.violations()).isEmpty();
  }

  private Path disk(String id) {
    return hosts.source.instance().resolve(id + ".qcow2");
  }

  private Path before() {
    return hosts.source.instance().resolve("before-2");
  }

  private void step(int number) {
    switch (number) {
      case 0 -> hosts.source.done(new CheckResize(header(2), LARGER));
      case 1 -> hosts.source.done(new LetGo(header(2), Duration.ZERO));
      case 2 -> hosts.source.done(new ResizeHere(header(2), LARGER));
      case 3 -> hosts.source.done(new StartServer(header(2)));
      default -> throw new IllegalArgumentException("no step " + number);
    }
  }

  private void resize(int steps) {
    for (int step = 0; step < steps; step++) {
      step(step);
    }
  }

  private LaunchRecipe recipe() throws IOException {
    return Recipes.recipe(hosts.source.instance(), SERVER);
  }

  private void isLarge() throws Exception {
    assertThat(recipe().vcpus()).isEqualTo(2);
    assertThat(recipe().localDisks())
        .extracting(LocalDisk::virtualBytes)
        .containsExactly(16L << 20, 4L << 20);
    assertThat(new String(Files.readAllBytes(disk("disk0")), UTF_8)).endsWith("what it wrote");
  }

  private void isWhatItWas() throws Exception {
    assertThat(recipe().vcpus()).isEqualTo(1);
    assertThat(recipe().localDisks())
        .extracting(LocalDisk::virtualBytes)
        .containsExactly(8L << 20, 4L << 20);
    assertThat(Files.readAllBytes(disk("disk0"))).isEqualTo(written);
    assertThat(remains()).isEmpty();
  }

  private List<String> remains() throws IOException {
    try (Stream<Path> files = Files.list(hosts.source.instance())) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(f -> f.contains("before"))
          .toList();
    }
  }

  static IntStream everyStep() {
    return IntStream.range(0, STEPS);
  }

  @ParameterizedTest
  @MethodSource("everyStep")
  void is_larger_and_what_it_was_is_kept_when_the_agent_dies_after_any_step(int last)
      throws Exception {
    resize(last + 1);
    hosts.source.restart();
    for (int step = last; step < STEPS; step++) {
      step(step);
    }
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    isLarge();
    assertThat(Files.readAllBytes(before().resolve("disks/disk0"))).isEqualTo(written);
    hosts.source.done(new FindKept(header(3), 2));
  }

  @ParameterizedTest
  @MethodSource("everyStep")
  void that_is_taken_back_after_any_step_is_what_it_was(int last) throws Exception {
    resize(last + 1);
    hosts.source.restart();
    if (last >= 2) {
      hosts.source.done(new StopServer(header(3), Duration.ZERO));
    }
    hosts.source.done(new TakeBack(header(3), 2));
    hosts.source.restart();
    hosts.source.done(new TakeBack(header(3), 2));
    hosts.source.done(new StartServer(header(3)));
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
    isWhatItWas();
  }

  @Test
  void is_what_it_was_when_the_agent_died_while_it_was_put_back() throws Exception {
    resize(STEPS);
    hosts.source.done(new StopServer(header(3), Duration.ZERO));
    Files.delete(disk("disk1"));
    Files.move(before().resolve("disks/disk1"), disk("disk1"));
    hosts.source.restart();
    hosts.source.done(new TakeBack(header(3), 2));
    isWhatItWas();
  }

  @Test
  void is_larger_when_the_agent_died_while_it_was_put_aside() throws Exception {
    resize(2);
    Files.createDirectories(hosts.source.instance().resolve("before-2.new/disks"));
    Files.writeString(hosts.source.instance().resolve("before-2.new/disks/disk0"), "half of it");
    hosts.source.restart();
    step(2);
    step(3);
    isLarge();
    assertThat(Files.readAllBytes(before().resolve("disks/disk0"))).isEqualTo(written);
    assertThat(remains()).containsExactly("before-2");
  }

  @Test
  void is_not_taken_back_while_its_guest_runs() throws Exception {
    resize(STEPS);
    assertThat(hosts.source.refused(new TakeBack(header(3), 2)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    isLarge();
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void stays_what_it_is_once_what_it_was_is_dropped() throws Exception {
    resize(STEPS);
    hosts.source.done(new DropKept(header(3), 2));
    hosts.source.done(new DropKept(header(3), 2));
    isLarge();
    assertThat(remains()).isEmpty();
    assertThat(hosts.source.refused(new FindKept(header(4), 2)).code())
        .isEqualTo(ErrorCode.GUEST_ABSENT);
    assertThat(hosts.source.runner()).isEqualTo(Runner.RUNNING);
  }

  @Test
  void is_never_cleared_away_as_if_it_had_come() throws Exception {
    resize(3);
    hosts.source.done(new ClearArrival(header(2)));
    isLarge();
    assertThat(before()).exists();
  }

  @Test
  void is_deleted_with_what_it_was() throws Exception {
    resize(STEPS);
    hosts.source.done(new DestroyServer(header(3)));
    assertThat(hosts.source.instances()).isEmpty();
  }

  @Test
  void does_not_replace_what_an_earlier_attempt_has_put_aside() throws Exception {
    resize(STEPS);
    assertThat(hosts.source.refused(new CheckResize(header(3), LARGER)).message())
        .contains("before-2");
    hosts.source.done(new LetGo(header(3), Duration.ZERO));
    assertThat(hosts.source.refused(new ResizeHere(header(3), LARGER)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(Files.readAllBytes(before().resolve("disks/disk0"))).isEqualTo(written);
  }

  @Test
  void is_not_put_aside_before_it_is_let_go_nor_in_a_size_that_cannot_be() throws Exception {
    assertThat(hosts.source.refused(new ResizeHere(header(2), LARGER)).code())
        .isEqualTo(ErrorCode.INSTANCE_INVALID_STATE);
    assertThat(hosts.source.refused(new CheckResize(header(2), new NewSize(2, 128, 512))).code())
        .isEqualTo(ErrorCode.INVALID_INPUT);
    isWhatItWas();
  }
}
