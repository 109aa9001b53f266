package dev.tern.standalone.chaos;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.ComputeClient;
import dev.tern.standalone.demo.RunnerSampler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Invariant I6 from outside: what a migration that has ended left behind. Files, keys, processes,
 * listening ports, claims and messages, looked up where they are and not where Tern says.
 */
final class Traces {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(100);

  /** Directories of a host that a migration writes in and nothing else does. */
  private static final List<String> PASSING = List.of("keys", "kept", "reserved", "receiving");

  private static final Pattern KEY = Pattern.compile("child<(tls[^>]*)>");
  private static final Pattern ID = Pattern.compile("\"(?:id|device)\": ?\"([^\"]*)\"");

  private final Stage stage;
  private final Optional<Subject> guest;
  private final ComputeClient api;

  /**
   * A look at this stage.
   *
   * @param guest the server there is, if any, whose QEMU is asked too
   */
  Traces(Stage stage, Optional<Subject> guest) {
    this.stage = stage;
    this.guest = guest;
    this.api = new ComputeClient(stage.place().api(), "compute 2.50");
  }

  /**
   * Everything that is there and belongs to no server; {@code owner} has the one server, if any.
   */
  List<String> find(Optional<String> owner) throws IOException, InterruptedException {
    List<String> found = new ArrayList<>();
    for (Map.Entry<String, Path> host : stage.place().hostData().entrySet()) {
      int allowed = owner.filter(host.getKey()::equals).isPresent() ? 1 : 0;
      more(
          found,
          host.getKey() + " has the instance ",
          entries(host.getValue().resolve("instances")),
          allowed);
      for (String folder : PASSING) {
        more(
            found,
            "%s has in %s ".formatted(host.getKey(), folder),
            entries(host.getValue().resolve(folder)),
            0);
      }
      more(
          found,
          host.getKey() + " runs ",
          DemoStage.guestsIn(host.getValue()).map(p -> "QEMU " + p.pid()).toList(),
          allowed);
    }
    if (owner.isPresent() && guest.isPresent()) {
      insideQemu(found, owner.get(), guest.get());
    }
    stage.listeners().forEach(address -> found.add("a listener on " + address));
    claims(found, owner);
    messages(found);
    return found;
  }

  /** Looks until nothing is there any more, for a minute at most; answers what still is. */
  List<String> awaitNone(Optional<String> owner) throws IOException, InterruptedException {
    long until = System.nanoTime() + PATIENCE.toNanos();
    List<String> found = find(owner);
    while (!found.isEmpty() && System.nanoTime() < until) {
      Pause.SLEEPING.of(LOOK);
      found = find(owner);
    }
    return found.stream().map(trace -> "left behind: " + trace).toList();
  }

  /** What a migration had in the QEMU that now runs the guest. */
  private static void insideQemu(List<String> found, String host, Subject subject)
      throws InterruptedException {
    RunnerSampler qemu = subject.sampler();
    named(found, qemu, host, "{\"execute\":\"query-block-exports\"}", ID, "export", name -> true);
    named(found, qemu, host, "{\"execute\":\"query-block-jobs\"}", ID, "job", name -> true);
    named(
        found,
        qemu,
        host,
        Subject.ASK_NODES,
        Subject.NODE,
        "block node",
        name -> !name.startsWith("#") && !subject.nodes().contains(name));
    named(
        found,
        qemu,
        host,
        "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/objects\"}}",
        KEY,
        "object",
        name -> true);
  }

  private static void named(
      List<String> found,
      RunnerSampler qemu,
      String host,
      String command,
      Pattern naming,
      String what,
      Predicate<String> left)
      throws InterruptedException {
    Optional<String> answer = qemu.ask(host, command);
    if (answer.isEmpty() || answer.get().startsWith("{\"error\"")) {
      found.add(host + ": its QEMU does not say what it has: " + answer.orElse("no answer"));
      return;
    }
    naming
        .matcher(answer.get())
        .results()
        .map(match -> match.group(1))
        .filter(left)
        .forEach(name -> found.add("the QEMU on %s has the %s %s".formatted(host, what, name)));
  }

  private static void more(List<String> found, String what, List<String> there, int allowed) {
    if (there.size() > allowed) {
      there.forEach(one -> found.add(what + one));
    }
  }

  private static List<String> entries(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }

  private void claims(List<String> found, Optional<String> owner)
      throws IOException, InterruptedException {
    for (JsonNode host : api.get("/v2.1/os-hypervisors/detail").path("hypervisors")) {
      String name = host.path("hypervisor_hostname").asString();
      int expected = owner.filter(name::equals).isPresent() ? 1 : 0;
      if (host.path("vcpus_used").asInt() != expected) {
        found.add(
            "%s has %d processors claimed instead of %d"
                .formatted(name, host.path("vcpus_used").asInt(), expected));
      }
    }
  }

  private void messages(List<String> found) throws IOException {
    for (Map.Entry<String, Queues.Queue> queue : new Queues(stage.amqp()).all().entrySet()) {
      if (queue.getValue().messages() > 0) {
        found.add(queue.getValue().messages() + " messages in " + queue.getKey());
      }
    }
  }
}
