package dev.tern.scheduler;

import dev.tern.contract.scheduler.Decision;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;

/** Where what was decided goes, to be read. */
@FunctionalInterface
public interface KeptDecisions {
  /** Never throws: what cannot be kept changes no decision. */
  void keep(SelectHost request, Decision decision);
}
