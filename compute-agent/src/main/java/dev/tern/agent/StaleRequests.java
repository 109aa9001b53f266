package dev.tern.agent;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.metrics.Metric;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts requests that came too late: a younger one of their server was here before. */
public final class StaleRequests {
  private static final Logger log = LoggerFactory.getLogger(StaleRequests.class);

  private final Counter refused;

  public StaleRequests(MeterRegistry metrics) {
    this.refused = Metric.AGENT_STALE.counter(metrics);
  }

  /** Answers as {@code agent} does. */
  public Function<AgentRequest, AgentAnswer> counting(Function<AgentRequest, AgentAnswer> agent) {
    return request -> {
      AgentAnswer answer = agent.apply(request);
      if (answer instanceof AgentAnswer.Refused refusal
          && refusal.failure().code() == ErrorCode.STALE_EPOCH) {
        refused.increment();
        log.atWarn()
            .addKeyValue("server", request.header().server())
            .addKeyValue("request", request.header().request())
            .addKeyValue("epoch", request.header().epoch())
            .log("a request of an epoch that has passed is refused");
      }
      return answer;
    };
  }
}
