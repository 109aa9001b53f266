package dev.tern.simulation;

import dev.tern.agent.Agent;
import dev.tern.agent.AgentSettings;
import dev.tern.agent.AgentTime;
import dev.tern.agent.HostFigures;
import dev.tern.agent.HostPolicy;
import dev.tern.agent.ImageIdentity;
import dev.tern.agent.Waiting;
import dev.tern.contract.HostName;
import dev.tern.contract.RequestId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.host.HostReport;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.simulation.files.MemoryFiles;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/** One host: its disk and its QEMUs stay, its agent comes and goes. */
final class Host {
  private static final HttpClient NOBODY = HttpClient.newHttpClient();
  private static final Duration BEAT = Duration.ofSeconds(10);
  private static final Duration SWEEP = Duration.ofMinutes(1);
  private static final Duration SWEEP_AGE = Duration.ofSeconds(30);
  private static final int FIRST_PORT = 41_000;
  private static final int PORTS = 16;
  private static final int RESERVED_MIB = 512;

  private final HostName name;
  private final int number;
  private final Around around;
  private Party party;
  private @Nullable Agent agent;
  private boolean lost;

  /**
   * What hosts have in common.
   *
   * @param reports to whoever takes them in
   * @param violated told what must not be
   * @param memoryMib that a host has for guests
   */
  record Around(
      Turns turns,
      RandomGenerator random,
      MemoryFiles files,
      Variant variant,
      dev.tern.virt.fake.FakeWorld qemus,
      Net net,
      Consumer<HostReport> reports,
      Consumer<MigrationProgress> progress,
      Consumer<String> violated,
      long memoryMib) {}

  Host(String name, int number, Around around) {
    this.name = new HostName(name);
    this.number = number;
    this.around = around;
    this.party = new Party(around.turns(), name);
    party.die();
  }

  HostName name() {
    return name;
  }

  boolean up() {
    return agent != null && !party.dead();
  }

  boolean is(Party other) {
    return party.equals(other);
  }

  Path data() {
    return around.files().getPath("/" + name);
  }

  /** As SIGKILL would; another agent starts some time later. */
  void die() {
    if (party.dead()) {
      return;
    }
    around.turns().tell(name + " dies");
    party.die();
    agent = null;
    around.files().unlock(party);
    long millis = 1L << around.random().nextInt(16);
    around.turns().after(Duration.ofMillis(millis), this::start);
  }

  /** No agent and no QEMU runs here until it has its power again; its disk stays as it is. */
  void losePower(Duration time) {
    if (lost) {
      return;
    }
    around.turns().tell(name + " loses its power");
    lost = true;
    party.die();
    agent = null;
    around.files().unlock(party);
    around
        .turns()
        .after(
            time,
            () -> {
              lost = false;
              around.turns().tell(name + " has its power again");
              start();
            });
  }

  boolean lost() {
    return lost;
  }

  /** It died of itself in the middle of a write. */
  void diesIfTorn() {
    if (party.dead() && agent != null) {
      agent = null;
      around.files().unlock(party);
      around.turns().after(Duration.ofSeconds(1), this::start);
    }
  }

  /** Starts an agent, as its service manager would. */
  void start() {
    if (lost || !party.dead()) {
      return;
    }
    party = new Party(around.turns(), name.value());
    party.start("starts", this::live);
  }

  private void live() {
    Party mine = party;
    try {
      Agent opened = Agent.open(name, settings(), world());
      agent = opened;
      around.turns().tell(name + " is up");
      around.net().listens(name);
      mine.start("sweeps", () -> sweeps(opened));
      while (true) {
        report(opened);
        around.turns().pause(BEAT);
      }
    } catch (IOException | RuntimeException e) {
      around.turns().tell(name + " ends: " + e.getClass().getSimpleName());
      if (mine.equals(party)) {
        die();
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this", e);
    }
  }

  private void sweeps(Agent of) {
    try {
      while (true) {
        of.sweep();
        around.turns().pause(SWEEP);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this", e);
    }
  }

  private void report(Agent of) {
    try {
      HostReport report = of.report();
      around.turns().effect("reports");
      around.turns().after(around.net().latency(), () -> around.reports().accept(report));
    } catch (IOException | VirtException | RuntimeException e) {
      around.turns().tell(name + " has no report: " + e.getClass().getSimpleName());
    }
  }

  /** Answers on a thread of the agent. Nothing when there is none. */
  void answer(AgentRequest request, Consumer<AgentAnswer> reply) {
    party.start(
        "answers",
        () -> {
          Agent mine = agent;
          if (mine == null) {
            return;
          }
          String kind = request.getClass().getSimpleName();
          around.turns().effect("takes " + kind);
          AgentAnswer answer = around.variant().answer(mine::answer, request);
          String what = answer.getClass().getSimpleName();
          if (around.turns().effect("answers " + kind + " " + what) != Fault.Kind.LOST) {
            reply.accept(answer);
          }
        });
  }

  /**
   * One that was answered before: what is older than what the agent has seen must have no effect.
   */
  void answerLate(AgentRequest request) {
    party.start(
        "answers late",
        () -> {
          Agent mine = agent;
          if (mine == null) {
            return;
          }
          long before = epoch(mine, request);
          AgentAnswer answer = around.variant().answer(mine::answer, request);
          long after = epoch(mine, request);
          boolean stale = request.header().epoch() < before && before <= after;
          if (stale
              && !(request instanceof AgentRequest.AskGuest)
              && !(answer instanceof AgentAnswer.Refused)) {
            around
                .violated()
                .accept(
                    "%s did not refuse %s of epoch %d, having seen %d"
                        .formatted(
                            name,
                            request.getClass().getSimpleName(),
                            request.header().epoch(),
                            before));
          }
        });
  }

  private static long epoch(Agent of, AgentRequest request) {
    AgentRequest.Header header =
        new AgentRequest.Header(
            RequestId.of(request.header().server().value()),
            request.header().server(),
            0,
            Optional.empty());
    return of.answer(new AgentRequest.AskGuest(header)) instanceof AgentAnswer.Done(GuestReport now)
        ? now.epoch()
        : 0;
  }

  void answer(HostQuestion question, Consumer<HostAnswer> reply) {
    party.start(
        "answers a question",
        () -> {
          Agent mine = agent;
          if (mine != null) {
            HostAnswer answer = mine.answer(question);
            around.turns().effect("answers " + question.getClass().getSimpleName());
            reply.accept(answer);
          }
        });
  }

  private Agent.World world() {
    Turns turns = around.turns();
    Waiting waiting =
        new Waiting() {
          @Override
          public <T> Optional<T> forResult(CompletableFuture<T> result, Duration time)
              throws InterruptedException {
            return turns.await(result, time);
          }
        };
    return new Agent.World(
        around.variant().driver(around.qemus(), turns),
        new Figures(around.memoryMib()),
        around.progress(),
        new AgentTime(turns.clock(), turns::nanos, turns::pause, waiting),
        () -> new UUID(around.random().nextLong(), around.random().nextLong()),
        NOBODY);
  }

  private AgentSettings settings() {
    return new AgentSettings(
        name.value(),
        data(),
        "127.91.0." + number,
        FIRST_PORT,
        FIRST_PORT + PORTS - 1,
        Duration.ZERO,
        URI.create("http://127.91.0.200:1/image"),
        Duration.ofSeconds(20),
        BEAT,
        RESERVED_MIB,
        DataSize.ofGigabytes(1),
        DataSize.ofMegabytes(64),
        Map.of(),
        List.of(),
        Duration.ofDays(1),
        Duration.ofDays(1),
        SWEEP,
        SWEEP_AGE,
        "fake",
        "qemu-system-x86_64",
        "qemu-img",
        "qemu-storage-daemon",
        "tcg",
        "qemu64",
        "",
        true,
        false,
        Duration.ofSeconds(10),
        8,
        Duration.ofMillis(700),
        HostPolicy.NONE,
        ImageIdentity.NONE);
  }

  /** A host with room for everything but memory. */
  private record Figures(long guestsMib) implements HostFigures {
    @Override
    public int vcpus() {
      return 4;
    }

    @Override
    public long memoryMib() {
      return guestsMib + RESERVED_MIB;
    }

    @Override
    public long memoryAvailableMib() {
      return 4096;
    }

    @Override
    public long diskTotalBytes() {
      return 200L << 30;
    }

    @Override
    public long diskFreeBytes() {
      return 100L << 30;
    }

    @Override
    public Object fileSystemOf(Path directory) {
      return "the only one";
    }

    @Override
    public long freeBytes(Path directory) {
      return diskFreeBytes();
    }

    @Override
    public String uptime() {
      return "up";
    }

    @Override
    public dev.tern.contract.host.KernelNbd kernelNbd() {
      return dev.tern.contract.host.KernelNbd.ABSENT;
    }
  }
}
