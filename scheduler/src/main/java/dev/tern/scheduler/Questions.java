package dev.tern.scheduler;

import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.metrics.Metric;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.NotAnswered;
import dev.tern.contract.scheduler.SchedulerAnswer.Planned;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import dev.tern.contract.scheduler.SchedulerRequest;
import dev.tern.contract.scheduler.SchedulerRequest.PlanHosts;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Each question a scheduler is asked, answered, counted and logged once. */
public final class Questions {
  private static final Logger log = LoggerFactory.getLogger(Questions.class);

  private final Scheduler scheduler;
  private final MeterRegistry metrics;

  public Questions(Scheduler scheduler, MeterRegistry metrics) {
    this.scheduler = scheduler;
    this.metrics = metrics;
  }

  /**
   * Throws what the stores throw; then nothing is known to be claimed, and the same may be asked
   * again.
   */
  public SchedulerAnswer answer(SchedulerRequest request) {
    return switch (request) {
      case SelectHost select -> (SchedulerAnswer) select(select);
      case PlanHosts plan -> plan(plan);
    };
  }

  private SchedulerAnswer plan(PlanHosts request) {
    if (request.servers().size() > PlanHosts.MOST) {
      return new NotAnswered(
          new Failure(
              ErrorCode.INVALID_INPUT,
              "At most %d servers are planned at once, and these are %d."
                  .formatted(PlanHosts.MOST, request.servers().size())));
    }
    Timer.Sample sample = Timer.start(metrics);
    Planned planned = scheduler.plan(request);
    long placed =
        planned.decisions().stream().filter(decision -> decision.host().isPresent()).count();
    log.atInfo()
        .addKeyValue("request", request.request())
        .addKeyValue("servers", request.servers().size())
        .addKeyValue("placed", placed)
        .log("hosts planned");
    sample.stop(Metric.SCHEDULER_PLAN.timer(metrics));
    return planned;
  }

  private Choice select(SelectHost request) {
    Timer.Sample sample = Timer.start(metrics);
    Choice answer = scheduler.select(request);
    String outcome =
        switch (answer) {
          case Selected selected -> {
            log.atInfo()
                .addKeyValue("server", request.server())
                .addKeyValue("request", request.request())
                .addKeyValue("host", selected.host())
                .log("host selected");
            yield "selected";
          }
          case NoHost none -> {
            log.atInfo()
                .addKeyValue("server", request.server())
                .addKeyValue("request", request.request())
                .addKeyValue("reason", none.failure().message())
                .log("no host selected");
            yield "no-host";
          }
        };
    sample.stop(Metric.SCHEDULER_SELECT.timer(metrics, outcome));
    return answer;
  }
}
