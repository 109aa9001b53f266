package dev.tern.standalone.demo;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Invariant I1 from outside: asks the spare monitor of one server's QEMU on every host, over and
 * over, whether its processors run. One thread per host, so that a slow answer of one does not hide
 * the other. A moment with two runners is one in which two hosts' last answers, each younger than
 * the other's question, were both "running".
 */
public final class RunnerSampler implements AutoCloseable {
  private record Answer(boolean running, long askedNanos, long answeredNanos) {}

  /** Something else that is to be asked of a host's QEMU; empty when it cannot be. */
  private record Question(String command, CompletableFuture<Optional<String>> answer) {}

  private static final long ANSWER_SECONDS = 5;
  private static final String SPARE_MONITOR = "qmp2.sock";

  private final Map<String, Path> instances;
  private final Map<String, Answer> last = new ConcurrentHashMap<>();
  private final AtomicInteger twoRunners = new AtomicInteger();
  private final AtomicLong samples = new AtomicLong();
  private final Map<String, Thread> threads = new LinkedHashMap<>();
  private final Map<String, Queue<Question>> questions = new ConcurrentHashMap<>();
  private final java.util.List<String> changes = new java.util.ArrayList<>();
  private String runner = "";
  private long changedNanos;
  private volatile boolean closed;

  /** Watches the one server there is. {@code hostData}: each host's data directory. */
  public RunnerSampler(Map<String, Path> hostData) {
    this.instances = Map.copyOf(hostData);
    instances.keySet().forEach(host -> questions.put(host, new ConcurrentLinkedQueue<>()));
    instances.forEach((host, data) ->
        threads.put(
            host,
            Thread.ofPlatform()
                .daemon()
                .name("sampler-" + host)
                .start(() -> follow(host, data.resolve("instances")))));
  }

  private static java.util.Optional<Path> socket(Path instances) throws IOException {
    if (!Files.isDirectory(instances)) {
      return java.util.Optional.empty();
    }
    try (var folders = Files.list(instances)) {
      return folders.map(folder -> folder.resolve(SPARE_MONITOR)).filter(Files::exists).findFirst();
    }
  }

  /** How often two QEMUs of the server ran its processors at one moment. */
  public int momentsWithTwoRunners() {
    return twoRunners.get();
  }

  public long samples() {
    return samples.get();
  }

  private void follow(String host, Path folder) {
    while (!closed) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        java.util.Optional<Path> socket = socket(folder);
        if (socket.isPresent()) {
          channel.connect(UnixDomainSocketAddress.of(socket.get()));
          sample(host, channel);
        }
      } catch (IOException | java.io.UncheckedIOException e) {
        // The QEMU is starting or has ended; the next round finds out.
        last.remove(host);
      }
      java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
    }
  }

  private void sample(String host, SocketChannel channel) throws IOException {
    StringBuilder input = new StringBuilder();
    line(channel, input);
    say(channel, "{\"execute\":\"qmp_capabilities\"}\n");
    while (!closed) {
      long asked = System.nanoTime();
      say(channel, "{\"execute\":\"query-status\"}\n");
      String answer = line(channel, input);
      while (!answer.contains("\"return\"") || !answer.contains("\"running\"")) {
        answer = line(channel, input);
      }
      note(
          host,
          new Answer(
              answer.replace(" ", "").contains("\"running\":true"), asked, System.nanoTime()));
      askForOthers(host, channel, input);
      java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
    }
  }

  /**
   * Asks a host's QEMU something, over the one monitor there is for outsiders.
   *
   * @param command a line of QMP, without its end
   * @return the line it answers; empty when there is no QEMU, or none that answers within 5 s
   */
  public Optional<String> ask(String host, String command) throws InterruptedException {
    Queue<Question> waiting = questions.get(host);
    if (waiting == null) {
      throw new IllegalArgumentException("There is no host '" + host + "'.");
    }
    Question question = new Question(command, new CompletableFuture<>());
    waiting.add(question);
    try {
      return question.answer().get(ANSWER_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      waiting.remove(question);
      return Optional.empty();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private void askForOthers(String host, SocketChannel channel, StringBuilder input)
      throws IOException {
    Queue<Question> waiting = questions.getOrDefault(host, new ConcurrentLinkedQueue<>());
    Question next = waiting.poll();
    if (next == null) {
      return;
    }
    try {
      say(channel, next.command() + "\n");
      String answer = line(channel, input);
      while (!answer.startsWith("{\"return\"") && !answer.startsWith("{\"error\"")) {
        answer = line(channel, input);
      }
      next.answer().complete(Optional.of(answer));
    } finally {
      next.answer().complete(Optional.empty());
    }
  }

  private synchronized void note(String host, Answer answer) {
    samples.incrementAndGet();
    last.put(host, answer);
    if (!answer.running()) {
      return;
    }
    last.forEach((other, its) -> {
      // Both were true at one instant for certain if each was asked before the other was answered.
      boolean overlap =
          its.askedNanos() < answer.answeredNanos() && answer.askedNanos() < its.answeredNanos();
      if (!other.equals(host) && its.running() && overlap) {
        twoRunners.incrementAndGet();
      }
    });
    // An answer to a question older than the last change says nothing about now.
    if (!host.equals(runner) && answer.askedNanos() > changedNanos) {
      runner = host;
      changedNanos = answer.answeredNanos();
      changes.add(host);
    }
  }

  /** The host that was last seen to run it; empty before anyone was. */
  public synchronized Optional<String> runner() {
    return Optional.of(runner).filter(host -> !host.isEmpty());
  }

  /**
   * The hosts that ran it, in order: one that appears twice without a migration back ran it beside
   * another.
   */
  public synchronized java.util.List<String> runners() {
    return java.util.List.copyOf(changes);
  }

  private static void say(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static String line(SocketChannel channel, StringBuilder input) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(8192);
    int end;
    while ((end = input.indexOf("\n")) < 0) {
      buffer.clear();
      int got = channel.read(buffer);
      if (got < 0) {
        throw new IOException("the monitor was closed");
      }
      input.append(new String(buffer.array(), 0, got, StandardCharsets.UTF_8));
    }
    String line = input.substring(0, end);
    input.delete(0, end + 1);
    return line;
  }

  @Override
  public void close() {
    closed = true;
    try {
      for (Thread thread : threads.values()) {
        thread.join(2000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
