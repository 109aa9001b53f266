package dev.tern.agent;

import dev.tern.contract.Setting;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.PolicyParts;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/** What this host wishes for migrations of guests that leave it. */
public record HostPolicy(
    @Setting(
            "The longest pause a migration from this host may plan for; none leaves it to the"
                + " installation's tern.conductor.migration.max-pause.")
        @Nullable Duration maxPause,
    @Setting(
            "What one migration from this host may send a second, disks and memory together; 0 is"
                + " unlimited, none is the installation's.")
        @Nullable DataSize bandwidth,
    @Setting("How long data of one migration from this host may move; none is the installation's.")
        @Nullable Duration deadline,
    @Setting("What is done then: abort, force or post-copy; none is the installation's.")
        @Nullable AtDeadline atDeadline,
    @Setting(
            "Whether guests of this host may run at their destination before all their memory is"
                + " there; none is the installation's.")
        @Nullable Boolean postCopyAllowed,
    @Setting(
            "Whether guests of this host may be slowed down so that their migration ends; none is"
                + " the installation's.")
        @Nullable Boolean autoConverge) {

  /** This host wishes nothing of its own. */
  public static final HostPolicy NONE = new HostPolicy(null, null, null, null, null, null);

  public HostPolicy {
    if ((maxPause != null && !maxPause.isPositive())
        || (deadline != null && !deadline.isPositive())
        || (bandwidth != null && bandwidth.isNegative())) {
      throw new IllegalArgumentException(
          "tern.agent.policy: max-pause and deadline are above 0, bandwidth is not below");
    }
    if (atDeadline == AtDeadline.POST_COPY && !Boolean.TRUE.equals(postCopyAllowed)) {
      throw new IllegalArgumentException(
          "tern.agent.policy.at-deadline=post-copy needs post-copy-allowed=true");
    }
  }

  PolicyParts parts() {
    return new PolicyParts(
        Optional.ofNullable(maxPause),
        Optional.ofNullable(bandwidth).map(DataSize::toBytes),
        Optional.ofNullable(deadline),
        Optional.ofNullable(atDeadline),
        Optional.ofNullable(postCopyAllowed),
        Optional.ofNullable(autoConverge));
  }
}
