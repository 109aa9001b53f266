package dev.tern.store;

import dev.tern.contract.ClaimId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.scheduler.Decision;
import java.time.Duration;
import java.util.List;

final class InMemoryDecisionStore implements DecisionStore {
  private final Memory memory;

  InMemoryDecisionStore(Memory memory) {
    this.memory = memory;
  }

  @Override
  public void keep(
      RequestId request, ClaimId claim, Decision decision, int within, Duration forAsLong) {
    synchronized (memory) {
      KeptDecision kept = new KeptDecision(request, claim, decision, memory.now);
      boolean again = memory.decisions.stream().anyMatch(each -> each.claim().equals(claim));
      if (again) {
        memory.decisions.replaceAll(each -> each.claim().equals(claim) ? kept : each);
      } else {
        memory.decisions.add(kept);
      }
      memory.decisions.removeIf(each -> each.decidedAt().isBefore(memory.now.minus(forAsLong)));
      while (memory.decisions.size() > within) {
        memory.decisions.removeFirst();
      }
    }
  }

  @Override
  public List<KeptDecision> of(RequestId request) {
    synchronized (memory) {
      return memory.decisions.stream().filter(each -> each.request().equals(request)).toList();
    }
  }

  @Override
  public List<KeptDecision> of(ServerId server, int limit) {
    synchronized (memory) {
      return memory.decisions.reversed().stream()
          .filter(each -> each.decision().server().equals(server))
          .limit(limit)
          .toList();
    }
  }
}
