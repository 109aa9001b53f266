package dev.tern.scheduler;

import dev.tern.contract.ClaimId;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.Resources;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.SchedulerRequest.GuestNeeds;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Questions to change one thing of. */
public record Asking(SelectHost question) {
  public static final ServerId SERVER = new ServerId(new UUID(7, 7));
  public static final Resources SHARE = new Resources(2, 1_024, 10_000_000_000L);
  public static final GuestNeeds GUEST = new GuestNeeds("QEMU", 7_002_000, "pc-q35-7.2", "tcg");

  /** A new server. */
  public static Asking boot(int claim) {
    ServerId server = new ServerId(new UUID(7, claim));
    return new Asking(
        new SelectHost(
            RequestId.of(server.value()),
            new ClaimId(new UUID(8, claim)),
            server,
            SHARE,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Map.of()));
  }

  /** A guest that leaves host 1. */
  public static Asking migration() {
    SelectHost it = boot(7).question;
    return new Asking(
        new SelectHost(
            it.request(),
            it.claim(),
            SERVER,
            SHARE,
            Optional.empty(),
            Optional.of(new HostName("host-1")),
            Optional.of(GUEST),
            Map.of()));
  }

  public Asking share(int vcpus, long memoryMib, long diskBytes) {
    return new Asking(
        new SelectHost(
            question.request(),
            question.claim(),
            question.server(),
            new Resources(vcpus, memoryMib, diskBytes),
            question.requested(),
            question.source(),
            question.guest(),
            question.refused()));
  }

  public Asking requested(String host) {
    return new Asking(
        new SelectHost(
            question.request(),
            question.claim(),
            question.server(),
            question.resources(),
            Optional.of(new HostName(host)),
            question.source(),
            question.guest(),
            question.refused()));
  }

  public Asking refused(String host, String why) {
    Map<HostName, Failure> refused = new LinkedHashMap<>(question.refused());
    refused.put(new HostName(host), new Failure(ErrorCode.MIGRATION_PRE_CHECK_ERROR, why));
    return new Asking(
        new SelectHost(
            question.request(),
            question.claim(),
            question.server(),
            question.resources(),
            question.requested(),
            question.source(),
            question.guest(),
            refused));
  }

  public Asking from(ServerId server) {
    return new Asking(
        new SelectHost(
            question.request(),
            question.claim(),
            server,
            question.resources(),
            question.requested(),
            question.source(),
            question.guest(),
            question.refused()));
  }
}
