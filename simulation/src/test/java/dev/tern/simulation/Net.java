package dev.tern.simulation;

import dev.tern.contract.HostName;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.amqp.Asked;
import dev.tern.contract.host.HostAnswer;
import dev.tern.contract.host.HostQuestion;
import dev.tern.contract.scheduler.SchedulerAnswer;
import dev.tern.contract.scheduler.SchedulerRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The broker, with what it promises and no more: a question waits in its host's queue until its
 * deadline, is taken off it when a handler begins, and then either is answered or is not; what was
 * sent first need not come first; answers are for who asked and nobody else.
 */
final class Net {
  private final Turns turns;
  private final RandomGenerator random;
  private final int latencyMillis;
  private final Map<HostName, Host> hosts = new LinkedHashMap<>();
  private final Map<HostName, Duration> silentUntil = new LinkedHashMap<>();
  private final List<Sent> sent = new ArrayList<>();
  private final Map<HostName, List<Waiting>> queues = new LinkedHashMap<>();

  /** A request that went to a host. */
  private record Sent(HostName host, AgentRequest request) {}

  private record Waiting(Duration until, Runnable deliver) {}

  Net(Turns turns, RandomGenerator random, int latencyMillis) {
    this.turns = turns;
    this.random = random;
    this.latencyMillis = latencyMillis;
  }

  void join(Host host) {
    hosts.put(host.name(), host);
    queues.put(host.name(), new ArrayList<>());
  }

  Duration latency() {
    return Duration.ofNanos(random.nextLong(1_000_000L * latencyMillis));
  }

  /** Nothing comes from there or gets there for so long. */
  void silence(HostName host, Duration time) {
    silentUntil.put(host, turns.now().plus(time));
  }

  /** From now on everything is heard again. */
  void calm() {
    silentUntil.clear();
  }

  private boolean silent(HostName host) {
    return turns.now().compareTo(silentUntil.getOrDefault(host, Duration.ZERO)) < 0;
  }

  /** As a conductor asks an agent. */
  Asked<AgentAnswer> ask(HostName name, AgentRequest request, Duration deadline)
      throws InterruptedException {
    String kind = request.getClass().getSimpleName();
    Fault.Kind fate = turns.effect("asks " + name + " " + kind);
    sent.add(new Sent(name, request));
    CompletableFuture<AgentAnswer> reply = new CompletableFuture<>();
    if (fate != Fault.Kind.LOST) {
      deliver(name, deadline, host -> host.answer(request, back(name, reply)));
    }
    return asked(reply, deadline);
  }

  Asked<HostAnswer> ask(HostName name, HostQuestion question, Duration deadline)
      throws InterruptedException {
    turns.effect("asks " + name + " " + question.getClass().getSimpleName());
    CompletableFuture<HostAnswer> reply = new CompletableFuture<>();
    deliver(name, deadline, host -> host.answer(question, back(name, reply)));
    return asked(reply, deadline);
  }

  private void deliver(HostName name, Duration deadline, Consumer<Host> to) {
    Duration until = turns.now().plus(deadline);
    turns.after(
        latency(),
        () -> {
          Host host = host(name);
          if (silent(name)) {
            turns.tell("a request to " + name + " is lost");
          } else if (host.up()) {
            to.accept(host);
          } else {
            queue(name).add(new Waiting(until, () -> to.accept(host)));
          }
        });
  }

  private Host host(HostName name) {
    Host host = hosts.get(name);
    if (host == null) {
      throw new IllegalStateException("no host " + name);
    }
    return host;
  }

  private List<Waiting> queue(HostName name) {
    return queues.computeIfAbsent(name, _ -> new ArrayList<>());
  }

  /** An agent listens again: it gets what has not expired. */
  void listens(HostName name) {
    List<Waiting> waiting = List.copyOf(queue(name));
    queue(name).clear();
    waiting.stream()
        .filter(one -> one.until().compareTo(turns.now()) > 0)
        .forEach(one -> one.deliver().run());
  }

  private <A> Consumer<A> back(HostName from, CompletableFuture<A> reply) {
    return answer ->
        turns.after(
            latency(),
            () -> {
              if (!silent(from)) {
                reply.complete(answer);
              }
            });
  }

  private <A> Asked<A> asked(CompletableFuture<A> reply, Duration deadline)
      throws InterruptedException {
    return turns
        .await(reply, deadline)
        .<Asked<A>>map(Asked.Answered::new)
        .orElseGet(() -> new Asked.NoAnswer<>("no answer within " + deadline));
  }

  /** As a conductor asks the schedulers. */
  Asked<SchedulerAnswer> choose(
      Party schedulers,
      java.util.function.Function<SchedulerRequest, SchedulerAnswer> scheduler,
      SchedulerRequest request,
      Duration deadline)
      throws InterruptedException {
    Fault.Kind fate = turns.effect("asks a scheduler");
    CompletableFuture<SchedulerAnswer> reply = new CompletableFuture<>();
    if (fate != Fault.Kind.LOST) {
      turns.after(
          latency(),
          () ->
              schedulers.start(
                  "chooses",
                  () -> {
                    turns.effect("takes a question");
                    SchedulerAnswer answer;
                    try {
                      answer = scheduler.apply(request);
                    } catch (Database.Unreachable _) {
                      return; // who asked sees no answer, and asks again
                    }
                    if (turns.effect("answers") != Fault.Kind.LOST) {
                      turns.after(latency(), () -> reply.complete(answer));
                    }
                  }));
    }
    return asked(reply, deadline);
  }

  /** A request that was sent some time comes once more, some time. */
  void comesAgain() {
    if (!sent.isEmpty()) {
      Sent one = sent.get(random.nextInt(sent.size()));
      Duration later = Duration.ofMillis(1L << random.nextInt(16));
      turns.after(
          later,
          () -> {
            turns.tell(one.host() + " gets once more " + one.request().getClass().getSimpleName());
            host(one.host()).answerLate(one.request());
          });
    }
  }
}
