package dev.tern.scheduler;

import static dev.tern.scheduler.Asking.boot;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.HostName;
import dev.tern.contract.Resources;
import dev.tern.contract.scheduler.SchedulerAnswer.Choice;
import dev.tern.contract.scheduler.SchedulerAnswer.NoHost;
import dev.tern.contract.scheduler.SchedulerAnswer.Selected;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Sixty-four servers at once for three hosts that take ten each; each is asked for twice. The same
 * on the fake and on the database.
 */
record Racing(List<Scheduler> schedulers, Function<HostName, Resources> claimedOn) {
  static final int SERVERS = 64;
  private static final int TIMES = 2;

  /** Memory for ten servers of {@link Asking#SHARE}, and half of one. */
  static final UnaryOperator<SampleHost> TEN_FIT = host -> host.memoryMib(512 + 10 * 1_024 + 512);

  void neverClaimsMoreThanThereIs() throws Exception {
    List<Choice> answers = answers();
    for (int host = 1; host <= 3; host++) {
      assertThat(claimedOn.apply(new HostName("host-" + host)))
          .isEqualTo(new Resources(20, 10_240, 100_000_000_000L));
    }
    assertThat(answers).filteredOn(Selected.class::isInstance).hasSize(30 * TIMES);
    assertThat(answers).filteredOn(NoHost.class::isInstance).hasSize(34 * TIMES);
    assertThat(answers.stream().filter(Selected.class::isInstance).distinct()).hasSize(30);
  }

  private List<Choice> answers() throws Exception {
    CountDownLatch start = new CountDownLatch(1);
    List<Future<Choice>> asked = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int n = 0; n < SERVERS * TIMES; n++) {
        Asking asking = boot(n % SERVERS);
        Scheduler scheduler = schedulers.get(n % schedulers.size());
        asked.add(
            threads.submit(() -> {
              start.await();
              return scheduler.select(asking.question());
            }));
      }
      start.countDown();
      List<Choice> answers = new ArrayList<>();
      for (Future<Choice> answer : asked) {
        answers.add(answer.get());
      }
      return answers;
    }
  }
}
