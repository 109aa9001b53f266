package dev.tern.conductor.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tern.conductor.saga.StepFailed;
import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest.SelectHost;
import dev.tern.store.ClaimStore;
import dev.tern.store.ServerStore.ServerRecord;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Where a new server goes: the scheduler's choice. */
public final class Placement {
  private final Work work;
  private final ClaimStore claims;
  private final RootDisk rootDisk;

  public Placement(Work work, ClaimStore claims, RootDisk rootDisk) {
    this.work = work;
    this.claims = claims;
    this.rootDisk = rootDisk;
  }

  ServerFacts claimHost(ServerFacts facts) throws StepFailed, InterruptedException {
    ServerRecord server = work.server();
    SelectHost question =
        new SelectHost(
            work.request(),
            claim(),
            server.id(),
            new Resources(
                server.flavor().vcpus(), server.flavor().memoryMib(), rootDisk.allBytes(server)),
            server.requestedHost(),
            Optional.empty(),
            Optional.empty(),
            Map.of());
    return switch (work.asking().select(question, work.settings().silence())) {
      case SchedulerAnswer.Selected(HostName host, ClaimId claim) -> facts.placed(host, claim);
      case SchedulerAnswer.NoHost(Failure failure, _) -> throw StepFailed.refused(failure);
    };
  }

  ServerFacts releaseClaim(ServerFacts facts) {
    claims.release(claim());
    return facts;
  }

  /** Always the same for one server, so that asking twice claims once. */
  private ClaimId claim() {
    String name = "claim:%s".formatted(work.server().id());
    return new ClaimId(UUID.nameUUIDFromBytes(name.getBytes(UTF_8)));
  }
}
