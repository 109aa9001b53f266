package dev.tern.scheduler;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.scheduler.filter.HostState;
import dev.tern.scheduler.filter.Ratios;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Keeps nothing: reads all hosts for each question. Fit for hundreds of hosts. */
record CatalogView(HostCatalog hosts, Ratios ratios) implements HostView {
  @Override
  public Collection<HostState> lately() {
    return now();
  }

  @Override
  public Collection<HostState> now() {
    List<HostState> states = new ArrayList<>();
    hosts.forEach(
        host -> states.add(HostState.of(host, hosts.membership(host.report().host()), ratios)));
    return states;
  }

  @Override
  public Optional<HostState> now(HostName name) {
    return hosts.find(name).map(host -> HostState.of(host, hosts.membership(name), ratios));
  }

  @Override
  public boolean mayBeOld() {
    return false;
  }

  @Override
  public void claimed(HostName host, Resources share) {}
}
