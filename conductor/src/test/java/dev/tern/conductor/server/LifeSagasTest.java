package dev.tern.conductor.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.conductor.fake.LifeCloud;
import dev.tern.conductor.fake.LifeCloud.Fault;
import dev.tern.contract.ComputeException;
import dev.tern.contract.PowerState;
import dev.tern.contract.VmState;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.store.ActionStore.ActionRecord;
import dev.tern.store.ActionStore.EventRecord;
import dev.tern.store.LifeRequest;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("A server's guest")
class LifeSagasTest {
  private final LifeCloud cloud = new LifeCloud();

  private void isLeft(VmState state, PowerState power, Runner guest) {
    assertThat(cloud.guest).isEqualTo(guest);
    assertThat(cloud.server().vmState()).isEqualTo(state);
    assertThat(cloud.server().power()).isEqualTo(power);
    assertThat(cloud.server().task()).isEmpty();
  }

  private static void succeeded(ActionRecord action, String name, String event) {
    assertThat(action.action()).isEqualTo(name);
    assertThat(action.message()).isEmpty();
    assertThat(action.events())
        .singleElement()
        .satisfies(each -> {
          assertThat(each.event()).isEqualTo(event);
          assertThat(each.host()).isPresent();
          assertThat(each.result()).contains("Success");
        });
  }

  @ParameterizedTest
  @EnumSource
  void is_paused_and_unpaused_whatever_happens_on_the_way(Fault fault) throws Exception {
    succeeded(cloud.does(LifeRequest.PAUSE, fault), "pause", "compute_pause_instance");
    isLeft(VmState.PAUSED, PowerState.PAUSED, Runner.PAUSED);
    assertThatThrownBy(() -> cloud.does(LifeRequest.PAUSE, Fault.NONE))
        .isInstanceOf(ComputeException.class)
        .hasMessage(
            "Cannot 'pause' instance %s while it is in vm_state paused", cloud.server().id());
    succeeded(cloud.does(LifeRequest.UNPAUSE, fault), "unpause", "compute_unpause_instance");
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
  }

  @ParameterizedTest
  @EnumSource
  void is_suspended_and_resumed_whatever_happens_on_the_way(Fault fault) throws Exception {
    succeeded(cloud.does(LifeRequest.SUSPEND, fault), "suspend", "compute_suspend_instance");
    isLeft(VmState.SUSPENDED, PowerState.SHUTDOWN, Runner.SUSPENDED);
    succeeded(cloud.does(LifeRequest.RESUME, fault), "resume", "compute_resume_instance");
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
  }

  @Test
  void that_could_not_be_suspended_or_resumed_is_as_it_was() throws Exception {
    cloud.refuses = true;
    assertThat(cloud.does(LifeRequest.SUSPEND, Fault.NONE).message()).contains("Error");
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
    cloud.refuses = false;
    ActionRecord _ = cloud.does(LifeRequest.SUSPEND, Fault.NONE);
    cloud.refuses = true;
    assertThat(cloud.does(LifeRequest.RESUME, Fault.NONE).message()).contains("Error");
    isLeft(VmState.SUSPENDED, PowerState.SHUTDOWN, Runner.SUSPENDED);
  }

  @Test
  void that_ended_while_it_was_suspended_is_found_stopped() throws Exception {
    cloud.guest = Runner.STOPPED;
    assertThat(cloud.does(LifeRequest.SUSPEND, Fault.NONE).message()).contains("Error");
    isLeft(VmState.STOPPED, PowerState.SHUTDOWN, Runner.STOPPED);
  }

  @ParameterizedTest
  @EnumSource
  void is_rebooted_once_whatever_happens_on_the_way(Fault fault) throws Exception {
    succeeded(cloud.does(LifeRequest.REBOOT, fault), "reboot", "compute_reboot_instance");
    assertThat(cloud.boots).isEqualTo(1);
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
    ActionRecord _ = cloud.does(LifeRequest.PAUSE, Fault.NONE);
    succeeded(cloud.does(LifeRequest.HARD_REBOOT, fault), "reboot", "compute_reboot_instance");
    assertThat(cloud.boots).isEqualTo(2);
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
  }

  @Test
  void that_had_ended_is_found_stopped() throws Exception {
    cloud.guest = Runner.STOPPED;
    ActionRecord action = cloud.does(LifeRequest.PAUSE, Fault.NONE);
    assertThat(action.message()).contains("Error");
    assertThat(action.events())
        .singleElement()
        .extracting(EventRecord::result)
        .isEqualTo(Optional.of("Error"));
    isLeft(VmState.STOPPED, PowerState.SHUTDOWN, Runner.STOPPED);
  }

  @Test
  void that_cannot_go_on_is_an_error() throws Exception {
    ActionRecord _ = cloud.does(LifeRequest.PAUSE, Fault.NONE);
    cloud.guest = Runner.BROKEN;
    assertThat(cloud.does(LifeRequest.UNPAUSE, Fault.NONE).message()).contains("Error");
    isLeft(VmState.ERROR, PowerState.CRASHED, Runner.BROKEN);
  }

  @Test
  void whose_qemu_refuses_is_as_it_was() throws Exception {
    cloud.refuses = true;
    assertThat(cloud.does(LifeRequest.PAUSE, Fault.NONE).message()).contains("Error");
    isLeft(VmState.ACTIVE, PowerState.RUNNING, Runner.RUNNING);
  }

  @Test
  void that_does_not_begin_anew_is_left_stopped() throws Exception {
    cloud.refuses = true;
    assertThat(cloud.does(LifeRequest.HARD_REBOOT, Fault.NONE).message()).contains("Error");
    isLeft(VmState.STOPPED, PowerState.SHUTDOWN, Runner.STOPPED);
  }
}
