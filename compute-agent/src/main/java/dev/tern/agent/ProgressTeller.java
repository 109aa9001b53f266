package dev.tern.agent;

import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.Guest.MoveProgress;
import java.time.Clock;
import java.util.function.Consumer;

/** Tells a migration's bytes, at most twice a second, however often the driver does. */
final class ProgressTeller {
  private static final long INTERVAL_MILLIS = 500;
  private static final long TOLERANCE_MILLIS = 50;

  private final Consumer<MigrationProgress> out;
  private final Clock clock;

  ProgressTeller(Consumer<MigrationProgress> out, Clock clock) {
    this.out = out;
    this.clock = clock;
  }

  /** For one step of one migration; what goes on outside a migration is told to nobody. */
  Consumer<MoveProgress> of(Header header) {
    return new Consumer<>() {
      private long toldAt = Long.MIN_VALUE;

      @Override
      public void accept(MoveProgress moved) {
        long now = clock.millis();
        boolean complete = moved.diskRemaining() == 0 && moved.memoryRemaining() == 0;
        if (!complete
            && toldAt != Long.MIN_VALUE
            && now - toldAt < INTERVAL_MILLIS - TOLERANCE_MILLIS) {
          return;
        }
        toldAt = now;
        header
            .migration()
            .ifPresent(migration ->
                out.accept(
                    new MigrationProgress(
                        migration,
                        moved.memoryTotal(),
                        moved.memoryProcessed(),
                        moved.memoryRemaining(),
                        moved.diskTotal(),
                        moved.diskProcessed(),
                        moved.diskRemaining())));
      }
    };
  }
}
