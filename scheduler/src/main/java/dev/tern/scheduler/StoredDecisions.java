package dev.tern.scheduler;

import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.DecisionStore;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decisions in the database, within bounds. */
record StoredDecisions(DecisionStore decisions, int within, Duration forAsLong)
    implements KeptDecisions {
  private static final Logger log = LoggerFactory.getLogger(StoredDecisions.class);

  @Override
  public void keep(SelectHost request, Decision decision) {
    if (within == 0) {
      return;
    }
    try {
      decisions.keep(request.request(), request.claim(), decision, within, forAsLong);
    } catch (RuntimeException e) {
      log.atWarn()
          .addKeyValue("server", request.server())
          .addKeyValue("request", request.request())
          .setCause(e)
          .log("a decision could not be kept");
    }
  }
}
