package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.HostAnswer.ProbeOffered;
import dev.tern.contract.host.HostQuestion.OfferProbe;
import dev.tern.virt.fake.FakeVirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A probe that is only offered yet")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S149")
class ProbesTest {
  private static final UUID PROBE = UUID.fromString("3f0d5b52-0c62-4ad3-9a5a-5d3f9d2f7b10");

  @TempDir Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    FakeWorld world = new FakeWorld();
    hosts = new TwoHosts(directory, _ -> new FakeVirtDriver(world, Clock.systemUTC()));
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
  }

  @Test
  void is_ended_by_the_next_agent_when_its_own_was_killed() throws Exception {
    Path data = hosts.source.data;
    assertThat(hosts.source.agent.answer(new OfferProbe(PROBE))).isInstanceOf(ProbeOffered.class);
    Path asKilled = directory.resolve("as-killed");
    copyTree(data, asKilled);
    hosts.source.agent.close();
    // A killed agent ends nothing: what it had on its disk is what the next one finds.
    Durable.removeTree(data);
    copyTree(asKilled, data);
    assertThat(hosts.source.keyFiles()).hasSize(1);

    hosts.source.agent = hosts.source.open();

    assertThat(hosts.source.keyFiles()).isEmpty();
    assertThat(data.resolve("probes")).isEmptyDirectory();
  }

  @Test
  void leaves_no_key_when_it_is_refused_for_too_many_others() throws Exception {
    for (int i = 0; i < 5; i++) {
      hosts.source.agent.answer(new OfferProbe(new UUID(PROBE.getMostSignificantBits(), i)));
    }
    try (Stream<Path> offered = Files.list(hosts.source.data.resolve("probes"))) {
      assertThat(offered).hasSize(4);
    }
    assertThat(hosts.source.keyFiles()).hasSize(4);
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Path copy = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(path, copy);
        }
      }
    }
  }
}
