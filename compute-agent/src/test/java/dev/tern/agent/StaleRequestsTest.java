package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("A request to an agent")
class StaleRequestsTest {
  private static final ServerId SERVER = ServerId.parse("22222222-2222-4222-8222-222222222222");
  private static final AgentRequest REQUEST =
      new AgentRequest.StartServer(
          new AgentRequest.Header(RequestId.of(SERVER.value()), SERVER, 1, Optional.empty()));

  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

  private double countedAfter(AgentAnswer answer) {
    assertThat(new StaleRequests(metrics).counting(_ -> answer).apply(REQUEST)).isEqualTo(answer);
    return metrics.get("tern.agent.requests.stale").counter().count();
  }

  @Test
  void of_an_epoch_that_has_passed_is_counted() {
    Failure stale = new Failure(ErrorCode.STALE_EPOCH, "Epoch 1 has passed.");
    assertThat(countedAfter(new AgentAnswer.Refused(stale))).isEqualTo(1);
    assertThat(countedAfter(new AgentAnswer.Refused(stale))).isEqualTo(2);
  }

  @Test
  void that_is_refused_for_another_cause_is_not() {
    Failure absent = new Failure(ErrorCode.GUEST_ABSENT, "There is no such guest.");
    assertThat(countedAfter(new AgentAnswer.Refused(absent))).isZero();
    assertThat(countedAfter(new AgentAnswer.Working("booting"))).isZero();
  }
}
