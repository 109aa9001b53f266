package dev.tern.agent;

import static dev.tern.virt.testing.Until.until;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostAnswer.Exports;
import dev.tern.contract.host.HostAnswer.Ports;
import dev.tern.contract.host.HostAnswer.ProbeOffered;
import dev.tern.contract.host.HostAnswer.ProbeOpen;
import dev.tern.contract.host.HostAnswer.ProbeRan;
import dev.tern.contract.host.HostAnswer.Refused;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostQuestion.EndProbe;
import dev.tern.contract.host.HostQuestion.ListExports;
import dev.tern.contract.host.HostQuestion.ListPorts;
import dev.tern.contract.host.HostQuestion.OfferProbe;
import dev.tern.contract.host.HostQuestion.OpenProbe;
import dev.tern.contract.host.HostQuestion.RunProbe;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
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

@DisplayName("A probe of the way between two hosts")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("S149")
class ProbesQemuTest {
  private static final UUID PROBE = UUID.fromString("3f0d5b52-0c62-4ad3-9a5a-5d3f9d2f7b10");

  @TempDir Path directory;
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
  }

  @AfterEach
  void close() throws Exception {
    hosts.close();
  }

  private static <A extends HostAnswer> A said(
      TwoHosts.Host host, HostQuestion question, Class<A> answer) {
    HostAnswer said = host.agent.answer(question);
    assertThat(said).isInstanceOf(answer);
    return answer.cast(said);
  }

  private ProbeOpen open() {
    ProbeOffered offered = said(hosts.source, new OfferProbe(PROBE), ProbeOffered.class);
    return said(
        hosts.destination,
        new OpenProbe(PROBE, offered.recipe(), offered.publicKey()),
        ProbeOpen.class);
  }

  private void end() {
    said(hosts.source, new EndProbe(PROBE), HostAnswer.ProbeEnded.class);
    said(hosts.destination, new EndProbe(PROBE), HostAnswer.ProbeEnded.class);
  }

  private void assertNothingIsLeft() throws Exception {
    hosts.awaitNoKeys();
    for (TwoHosts.Host host : new TwoHosts.Host[] {hosts.source, hosts.destination}) {
      try (Stream<Path> left = Files.list(host.data.resolve("probes"))) {
        assertThat(left).isEmpty();
      }
      // The leader of a process that was ended is a zombie before its last thread closes its ports.
      until(
          "no port of " + host.name + " is used",
          Duration.ofSeconds(20),
          () -> said(host, new ListPorts(), Ports.class).used().isEmpty());
    }
    try (Stream<ProcessHandle> processes = ProcessHandle.allProcesses()) {
      assertThat(
              processes
                  .map(p -> p.info().commandLine().orElse(""))
                  .filter(line -> line.contains(PROBE.toString())))
          .isEmpty();
    }
  }

  @Test
  void moves_an_empty_guest_by_disk_and_memory_and_leaves_nothing() throws Exception {
    ProbeOpen open = open();
    assertThat(said(hosts.destination, new ListPorts(), Ports.class).used())
        .extracting(HostAnswer.PortInUse::port)
        .containsExactlyInAnyOrder(open.nbdPort(), open.migrationPort());
    ProbeRan ran = said(hosts.source, new RunProbe(PROBE, open), ProbeRan.class);
    assertThat(ran.tls()).isTrue();
    assertThat(ran.disk()).isPositive();
    assertThat(ran.memory()).isPositive();
    end();
    end();
    assertNothingIsLeft();
  }

  @Test
  void to_ports_where_nobody_waits_says_so_and_leaves_nothing() throws Exception {
    ProbeOpen open = open();
    ProbeOpen elsewhere =
        new ProbeOpen(
            open.address(),
            open.nbdPort() + 9,
            open.migrationPort() + 9,
            open.exports(),
            open.publicKey());
    Refused refused = said(hosts.source, new RunProbe(PROBE, elsewhere), Refused.class);
    assertThat(refused.failure().message()).contains("cannot be reached");
    end();
    assertNothingIsLeft();
  }

  @Test
  void with_another_hosts_key_is_refused() throws Exception {
    ProbeOpen open = open();
    UUID other = UUID.fromString("3f0d5b52-0c62-4ad3-9a5a-5d3f9d2f7b11");
    Optional<String> wrong =
        said(hosts.source, new OfferProbe(other), ProbeOffered.class).publicKey();
    ProbeOpen spoiled =
        new ProbeOpen(open.address(), open.nbdPort(), open.migrationPort(), open.exports(), wrong);
    said(hosts.source, new RunProbe(PROBE, spoiled), Refused.class);
    said(hosts.source, new EndProbe(other), HostAnswer.ProbeEnded.class);
    end();
    assertNothingIsLeft();
  }

  @Test
  void is_no_way_to_start_anything_else() throws Exception {
    ProbeOffered offered = said(hosts.source, new OfferProbe(PROBE), ProbeOffered.class);
    for (Map.Entry<String, String> change :
        Map.of(
                "\"vcpus\":1", "\"vcpus\":8",
                "\"virtualBytes\":1048576", "\"virtualBytes\":1073741824",
                "\"hotPlugPorts\":0", "\"hotPlugPorts\":9")
            .entrySet()) {
      assertThat(offered.recipe()).contains(change.getKey());
      Refused refused =
          said(
              hosts.destination,
              new OpenProbe(
                  PROBE,
                  offered.recipe().replace(change.getKey(), change.getValue()),
                  offered.publicKey()),
              Refused.class);
      assertThat(refused.failure().message()).contains("recipe");
    }
    end();
    assertNothingIsLeft();
  }

  @Test
  void that_an_agent_left_behind_is_ended_by_the_next_one() throws Exception {
    open();
    hosts.destination.restart();
    hosts.source.restart();
    assertNothingIsLeft();
  }

  @Test
  @Tag("S29")
  void is_not_among_the_exports_of_servers() {
    open();
    assertThat(said(hosts.destination, new ListExports(), Exports.class).exports()).isEmpty();
    end();
  }
}
