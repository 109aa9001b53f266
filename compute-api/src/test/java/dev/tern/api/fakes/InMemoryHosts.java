package dev.tern.api.fakes;

import dev.tern.contract.HostName;
import dev.tern.contract.host.HostReport;
import dev.tern.store.HostStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.UnaryOperator;

public final class InMemoryHosts implements HostStore {
  private final List<HostRecord> all = new ArrayList<>();
  private final List<ServiceBeat> beats = new ArrayList<>();

  public synchronized void clear() {
    all.clear();
    beats.clear();
  }

  public synchronized void put(HostRecord host) {
    all.removeIf(h -> h.report().host().equals(host.report().host()));
    all.add(host);
    all.sort(Comparator.comparingInt(HostRecord::number));
  }

  public synchronized void put(ServiceBeat beat) {
    beats.add(beat);
  }

  @Override
  public void report(HostReport report) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public synchronized Optional<HostRecord> find(HostName host, Duration downAfter) {
    return all.stream().filter(h -> h.report().host().equals(host)).findFirst();
  }

  @Override
  public synchronized Optional<HostRecord> find(UUID id, Duration downAfter) {
    return all.stream().filter(h -> h.uuid().equals(id) || h.serviceUuid().equals(id)).findFirst();
  }

  @Override
  public synchronized List<HostRecord> list(Duration downAfter, int afterNumber, int limit) {
    return all.stream().filter(h -> h.number() > afterNumber).limit(limit).toList();
  }

  @Override
  public boolean setDisabled(HostName host, boolean disabled, Optional<String> reason) {
    return change(
        host,
        h ->
            new HostRecord(
                h.number(),
                h.uuid(),
                h.serviceUuid(),
                h.report(),
                h.up(),
                h.lastSeen(),
                disabled,
                reason,
                h.forcedDown(),
                h.claimed(),
                h.runningServers(),
                h.activeMigrations()));
  }

  @Override
  public boolean setForcedDown(HostName host, boolean forcedDown) {
    return change(
        host,
        h ->
            new HostRecord(
                h.number(),
                h.uuid(),
                h.serviceUuid(),
                h.report(),
                h.up(),
                h.lastSeen(),
                h.disabled(),
                h.disabledReason(),
                forcedDown,
                h.claimed(),
                h.runningServers(),
                h.activeMigrations()));
  }

  private synchronized boolean change(HostName host, UnaryOperator<HostRecord> change) {
    Optional<HostRecord> found = find(host, Duration.ZERO);
    found.map(change).ifPresent(this::put);
    return found.isPresent();
  }

  @Override
  public void beat(String binary, String instance) {
    throw new UnsupportedOperationException("the conductor's");
  }

  @Override
  public synchronized List<ServiceBeat> beats(Duration downAfter) {
    return List.copyOf(beats);
  }
}
