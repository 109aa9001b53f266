package dev.tern.conductor.reports;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostReport;
import dev.tern.store.InMemoryStores;
import dev.tern.store.Samples;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A report that a guest has ended")
@Tag("S136")
class ReportsTest {
  private static final HostName HOME = new HostName("home");

  private final InMemoryStores stores = new InMemoryStores();
  private ServerId server = new ServerId(new UUID(0, 0));
  private Asked<AgentAnswer> answer = new Asked.NoAnswer<>("not asked yet");

  @BeforeEach
  void a_server_that_runs_at_home() {
    Samples samples = new Samples(() -> stores);
    samples.host(HOME);
    server = samples.active(HOME).id();
  }

  private VmState afterReport(Runner reported) {
    HostReport r = Samples.report(HOME, 1, 2);
    HostReport told =
        new HostReport(
            r.host(),
            r.agentStartedAtMillis(),
            r.sequence(),
            r.hypervisorType(),
            r.hypervisorVersion(),
            r.hypervisorVersionText(),
            r.accelerator(),
            r.acceleratorReason(),
            r.machineTypes(),
            r.cpuModels(),
            r.missingFeatures(),
            r.vcpus(),
            r.memoryMib(),
            r.memoryAvailableMib(),
            r.diskTotalBytes(),
            r.diskFreeBytes(),
            r.migrationAddress(),
            r.uptime(),
            r.insecure(),
            Map.of(server, reported));
    new Reports(
            stores.hosts(), stores.servers(), (host, request, deadline) -> answer, UUID::randomUUID)
        .host(told);
    return stores.servers().find(server).orElseThrow().vmState();
  }

  private void agentSays(Runner now) {
    answer = new Asked.Answered<>(new AgentAnswer.Done(new GuestReport(now, 1, "")));
  }

  @Test
  void stops_the_server_when_its_agent_confirms_it() {
    agentSays(Runner.STOPPED);
    assertThat(afterReport(Runner.STOPPED)).isEqualTo(VmState.STOPPED);
  }

  @ParameterizedTest
  @EnumSource(
      value = Runner.class,
      names = {"STOPPED"},
      mode = EnumSource.Mode.EXCLUDE)
  @Tag("S88")
  void of_anything_but_a_stopped_guest_stops_no_server(Runner runner) {
    agentSays(runner);
    assertThat(afterReport(runner)).isEqualTo(VmState.ACTIVE);
  }

  @Test
  void that_is_older_than_a_start_does_not_stop_a_server_that_runs() {
    agentSays(Runner.RUNNING);
    assertThat(afterReport(Runner.STOPPED)).isEqualTo(VmState.ACTIVE);
  }

  @Test
  void whose_agent_does_not_answer_concludes_nothing() {
    assertThat(afterReport(Runner.STOPPED)).isEqualTo(VmState.ACTIVE);
  }
}
