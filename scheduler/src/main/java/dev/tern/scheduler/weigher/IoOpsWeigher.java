package dev.tern.scheduler.weigher;

import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.RequestSpec;

/** Migrations in flight, in and out. */
record IoOpsWeigher() implements HostWeigher {
  @Override
  public double value(HostState host, RequestSpec spec) {
    return host.activeMigrations();
  }
}
