package dev.tern.agent;

import static dev.tern.agent.TwoHosts.header;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest.AskGuest;
import dev.tern.contract.agent.AgentRequest.AwaitArrival;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.CreateDisks;
import dev.tern.contract.agent.AgentRequest.DescribeSource;
import dev.tern.contract.agent.AgentRequest.DestroyServer;
import dev.tern.contract.agent.AgentRequest.HandOver;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.MirrorDisks;
import dev.tern.contract.agent.AgentRequest.Move;
import dev.tern.contract.agent.AgentRequest.RetireSource;
import dev.tern.contract.agent.AgentRequest.StartIncoming;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult.GuestReport;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.AgentResult.HandedOver;
import dev.tern.contract.agent.AgentResult.IncomingReady;
import dev.tern.contract.agent.AgentResult.SourceFacts;
import dev.tern.contract.move.AtDeadline;
import dev.tern.contract.move.MovePolicy;
import dev.tern.contract.move.Streams;
import dev.tern.virt.qemu.QemuDriver;
import dev.tern.virt.qemu.QemuSettings;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real QEMU, whose guests find nothing to boot: their firmware runs, and little of it moves. */
@DisplayName("Ten guests that move at once to a host with ports for two")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ManyIncomingQemuTest {
  private static final Move MOVE =
      new Move(
          new MovePolicy(
              0, Duration.ofMillis(300), 0, Duration.ofMinutes(2), AtDeadline.ABORT, false, true),
          Streams.PLAIN);
  private static final List<ServerId> SERVERS =
      IntStream.range(0, 10).mapToObj(i -> new ServerId(new UUID(0x4000, i))).toList();

  /** Of disks and of memory, for two guests. */
  private static final int PORTS = 4;

  @TempDir Path directory;
  private final Set<Integer> used = ConcurrentHashMap.newKeySet();
  private final Set<ServerId> waited = ConcurrentHashMap.newKeySet();
  private final CyclicBarrier together = new CyclicBarrier(SERVERS.size());
  private TwoHosts hosts;

  @BeforeEach
  void start() throws Exception {
    hosts = new TwoHosts(directory, bases -> new QemuDriver(QemuSettings.defaults(bases)));
    hosts.destination.lastPort = hosts.destination.firstPort + PORTS - 1;
    hosts.destination.portWait = Duration.ofMinutes(2);
    hosts.destination.restart();
  }

  @AfterEach
  void leaveNoProcess() throws Exception {
    for (ServerId server : SERVERS) {
      hosts.source.ask(new DestroyServer(header(server, 100)));
      hosts.destination.ask(new DestroyServer(header(server, 100)));
    }
    hosts.close();
  }

  @Test
  @Tag("S76")
  @Tag("S91")
  void wait_for_each_other_and_all_arrive() throws Exception {
    ImageRef image = hosts.rawImage(1);
    for (ServerId server : SERVERS) {
      hosts.source.done(new BuildServer(header(server, 1), TwoHosts.spec(image)));
      hosts.source.done(new StartServer(header(server, 1)));
    }
    List<Future<Void>> moves = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (ServerId server : SERVERS) {
        Callable<Void> move =
            () -> {
              move(server);
              return null;
            };
        moves.add(threads.submit(move));
      }
      for (Future<Void> move : moves) {
        move.get(4, TimeUnit.MINUTES);
      }
    }
    for (ServerId server : SERVERS) {
      GuestReport there = (GuestReport) hosts.destination.done(new AskGuest(header(server, 0)));
      assertThat(there.runner()).isEqualTo(Runner.RUNNING);
    }
    assertThat(waited).as("those that had to wait").hasSizeGreaterThanOrEqualTo(6);
    assertThat(hosts.source.instances()).isEmpty();
    int first = hosts.destination.firstPort;
    assertThat(used).containsOnly(first, first + 1, first + 2, first + 3);
    for (int port : used) {
      try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        assertThat(free.isBound()).isTrue();
      }
    }
  }

  private void move(ServerId server) throws Exception {
    SourceFacts facts = (SourceFacts) hosts.source.done(new DescribeSource(header(server, 2)));
    TwoHosts.agreeOnKey(TwoHosts.Host::done, hosts.source, hosts.destination, server, 2);
    hosts.destination.done(new CreateDisks(header(server, 2), facts));
    int _ = together.await(2, TimeUnit.MINUTES);
    IncomingReady ready = startIncoming(server, facts);
    used.add(ready.nbdPort());
    used.add(ready.migrationPort());
    hosts.source.done(new MirrorDisks(header(server, 2), ready, MOVE));
    HandedOver sent = (HandedOver) hosts.source.done(new HandOver(header(server, 2), ready, MOVE));
    assertThat(sent.sent()).as(sent.reason()).isTrue();
    hosts.destination.done(new AwaitArrival(header(server, 2)));
    hosts.source.done(new RetireSource(header(server, 2), false));
  }

  private IncomingReady startIncoming(ServerId server, SourceFacts facts) {
    StartIncoming request = new StartIncoming(header(server, 2), facts, Streams.PLAIN);
    AgentAnswer answer = hosts.destination.agent.answer(request);
    while (answer instanceof Working(String what)) {
      if (what.contains("waits for a free port")) {
        waited.add(server);
      }
      answer = hosts.destination.agent.answer(request);
    }
    assertThat(answer).isInstanceOf(Done.class);
    // The answer is told once; asked again, it is what is there.
    return (IncomingReady) hosts.destination.done(request);
  }
}
