package dev.tern.local;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A RabbitMQ of one's own, from the system's package: own directory, node name, ports, cookie and
 * password, on 127.0.0.1 only. A RabbitMQ that already runs on the machine is neither used nor
 * touched.
 *
 * <p>Erlang's port mapper is started here as a child too. RabbitMQ would start one by itself, which
 * then outlives it.
 */
public final class PrivateBroker implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PrivateBroker.class);

  /** The package's own scripts; the ones on the path change user. */
  private static final List<Path> SCRIPTS =
      List.of(
          Path.of("/usr/lib/rabbitmq/bin/rabbitmq-server"),
          Path.of("/usr/local/lib/rabbitmq/bin/rabbitmq-server"));

  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration STOP = Duration.ofSeconds(20);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final byte[] AMQP_HEADER = {'A', 'M', 'Q', 'P', 0, 0, 9, 1};

  private final Path folder;
  private final Process mapper;
  private final Process broker;
  private final int port;
  private final Optional<Tls> tls;
  private final String password;

  private PrivateBroker(
      Path folder, Process mapper, Process broker, int port, Optional<Tls> tls, String password) {
    this.folder = folder;
    this.mapper = mapper;
    this.broker = broker;
    this.port = port;
    this.tls = tls;
    this.password = password;
  }

  /**
   * Starts it and returns when it answers. What a killed process left running in the same folder is
   * ended first; queues and their durable messages are there again.
   *
   * @throws IOException naming what is missing, or the log to read; then nothing is left running
   */
  public static PrivateBroker start(Path directory) throws IOException {
    return start(directory, freePort());
  }

  /** As {@link #start(Path)}, on a port of one's choice: for clients that know where it was. */
  public static PrivateBroker start(Path directory, int port) throws IOException {
    return start(directory, port, Optional.empty());
  }

  /** As {@link #start(Path)}, and with a port for TLS besides, {@link #tlsUri}. */
  public static PrivateBroker start(Path directory, BrokerCertificate certificate)
      throws IOException {
    return start(directory, freePort(), Optional.of(new Tls(freePort(), certificate)));
  }

  private record Tls(int port, BrokerCertificate certificate) {}

  private static PrivateBroker start(Path directory, int port, Optional<Tls> tls)
      throws IOException {
    Path folder = directory.toAbsolutePath().normalize();
    Path script =
        SCRIPTS.stream()
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(() ->
                new IOException(
                    "RabbitMQ is not installed: apt-get install rabbitmq-server, or use --amqp."));
    makeFolder(folder);
    endLeftover(folder);
    String password = password(folder);
    int mapperPort = freePort();
    int distributionPort = freePort();
    writeConfiguration(folder, password, port, tls);
    Map<String, String> environment = environment(folder, mapperPort, distributionPort);
    Process mapper = startMapper(folder, environment, mapperPort);
    Process broker = spawn(folder, environment, List.of("setsid", script.toString()), "broker.out");
    PrivateBroker started = new PrivateBroker(folder, mapper, broker, port, tls, password);
    try {
      started.awaitAnswer();
    } catch (IOException e) {
      started.close();
      throw e;
    }
    log.atInfo().addKeyValue("port", port).log("private broker started");
    return started;
  }

  /** Ends what a killed process left running in this folder: broker, and Erlang's port mapper. */
  public static void endLeftover(Path directory) throws IOException {
    Path folder = directory.toAbsolutePath().normalize();
    for (String file : List.of("rabbitmq.pid", "epmd.pid")) {
      Optional<Leftover> leftover = Leftover.find(folder.resolve(file), folder);
      if (leftover.isPresent()) {
        leftover.get().end();
        log.atWarn()
            .addKeyValue("pid", leftover.get().process().pid())
            .log("ended a process that an earlier run left");
      }
    }
  }

  private static void makeFolder(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
  }

  private static String password(Path folder) throws IOException {
    Path file = folder.resolve("password");
    if (!Files.exists(file)) {
      byte[] random = new byte[16];
      new SecureRandom().nextBytes(random);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, HexFormat.of().formatHex(random));
    }
    return Files.readString(file).strip();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void writeConfiguration(Path folder, String password, int port, Optional<Tls> tls)
      throws IOException {
    Files.writeString(folder.resolve("enabled_plugins"), "[].\n");
    Files.writeString(
        folder.resolve("rabbitmq.conf"),
        """
        listeners.tcp.1 = 127.0.0.1:%d
        default_user = tern
        default_pass = %s
        disk_free_limit.absolute = 50MB
        vm_memory_high_watermark.absolute = 512MB
        log.file.level = warning
        log.console = false
        """
                .formatted(port, password)
            + tls.map(PrivateBroker::listener).orElse(""));
  }

  private static String listener(Tls tls) {
    return """
    listeners.ssl.1 = 127.0.0.1:%d
    ssl_options.cacertfile = %s
    ssl_options.certfile = %s
    ssl_options.keyfile = %s
    ssl_options.verify = verify_none
    """
        .formatted(
            tls.port(),
            tls.certificate().authority(),
            tls.certificate().certificate(),
            tls.certificate().key());
  }

  private static Map<String, String> environment(
      Path folder, int mapperPort, int distributionPort) {
    return Map.ofEntries(
        Map.entry("HOME", folder.toString()),
        Map.entry("RABBITMQ_NODENAME", "tern@localhost"),
        Map.entry("RABBITMQ_DIST_PORT", Integer.toString(distributionPort)),
        Map.entry("RABBITMQ_MNESIA_BASE", folder.resolve("mnesia").toString()),
        Map.entry("RABBITMQ_LOG_BASE", folder.resolve("log").toString()),
        Map.entry("RABBITMQ_PID_FILE", folder.resolve("rabbitmq.pid").toString()),
        Map.entry("RABBITMQ_ENABLED_PLUGINS_FILE", folder.resolve("enabled_plugins").toString()),
        Map.entry("RABBITMQ_CONFIG_FILE", folder.resolve("rabbitmq.conf").toString()),
        Map.entry("RABBITMQ_ADVANCED_CONFIG_FILE", folder.resolve("advanced.config").toString()),
        Map.entry("RABBITMQ_CONF_ENV_FILE", folder.resolve("rabbitmq-env.conf").toString()),
        Map.entry(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}"),
        Map.entry("ERL_EPMD_PORT", Integer.toString(mapperPort)),
        Map.entry("ERL_EPMD_ADDRESS", "127.0.0.1"),
        Map.entry("ERL_CRASH_DUMP", folder.resolve("erl_crash.dump").toString()),
        Map.entry("LANG", "C.UTF-8"));
  }

  private static Process startMapper(Path folder, Map<String, String> environment, int port)
      throws IOException {
    // Not -daemon: as our own child its pid is known, and it can be ended.
    Process mapper =
        spawn(
            folder,
            environment,
            List.of("setsid", "epmd", "-address", "127.0.0.1", "-port", Integer.toString(port)),
            "epmd.out");
    Files.writeString(folder.resolve("epmd.pid"), Long.toString(mapper.pid()));
    return mapper;
  }

  /** In a session of its own: Ctrl-C in a terminal is for us, and we end our children in order. */
  private static Process spawn(
      Path folder, Map<String, String> environment, List<String> command, String output)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(output).toFile()));
    builder
        .environment()
        .keySet()
        .removeIf(key -> key.startsWith("RABBITMQ_") || key.startsWith("ERL_"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private void awaitAnswer() throws IOException {
    long end = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < end) {
      if (!broker.isAlive()) {
        throw new IOException(
            "RabbitMQ ended at its start with status %d: %s"
                .formatted(broker.exitValue(), lastWords()));
      }
      if (answers() && (tls.isEmpty() || listens(tls.get().port()))) {
        return;
      }
      try {
        broker.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while RabbitMQ started", e);
      }
    }
    throw new IOException(
        "RabbitMQ did not answer within %d s: %s".formatted(START.toSeconds(), lastWords()));
  }

  /** It does when it greets a client; an open port alone comes earlier. */
  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      socket.setSoTimeout(2000);
      socket.getOutputStream().write(AMQP_HEADER);
      try (InputStream in = socket.getInputStream()) {
        return in.read() == 1;
      }
    } catch (IOException e) {
      log.atTrace().setCause(e).log("broker does not answer yet");
      return false;
    }
  }

  private static boolean listens(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      log.atTrace().setCause(e).log("broker does not listen yet");
      return false;
    }
  }

  private String lastWords() throws IOException {
    Path output = folder.resolve("broker.out");
    try (Stream<String> lines = Files.lines(output, StandardCharsets.UTF_8)) {
      List<String> all = lines.toList();
      return String.join(" | ", all.subList(Math.max(0, all.size() - 8), all.size()))
          + " ("
          + output
          + ")";
    }
  }

  /** {@code amqp://user:password@127.0.0.1:port}; keep it out of logs. */
  public String uri() {
    return "amqp://tern:" + password + "@127.0.0.1:" + port;
  }

  public int port() {
    return port;
  }

  /**
   * {@code amqps://user:password@host:port}; keep it out of logs.
   *
   * @param host by which this machine is to be reached: what the certificate names, or not
   * @throws java.util.NoSuchElementException when it was started without a certificate
   */
  public String tlsUri(String host) {
    return "amqps://tern:%s@%s:%d".formatted(password, host, tls.orElseThrow().port());
  }

  /** Pids of what runs for it: the broker and Erlang's port mapper. */
  public List<Long> pids() {
    return List.of(broker.pid(), mapper.pid());
  }

  /** For people: where it is, without the password. */
  public String describe() {
    return "on 127.0.0.1:" + port;
  }

  /**
   * Kills it as a loss of power would: nobody is told, nothing is flushed. Returns when it is gone;
   * {@link #start(Path, int)} in the same folder has its durable messages again.
   */
  public void kill() throws IOException {
    List<ProcessHandle> all =
        Stream.of(broker, mapper)
            .flatMap(process ->
                Stream.concat(process.toHandle().descendants(), Stream.of(process.toHandle())))
            .toList();
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle process : all) {
      try {
        var _ = process.onExit().get(STOP.toSeconds(), TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the broker was killed", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("The broker's process " + process.pid() + " does not end.", e);
      }
    }
  }

  /** Ends the broker, then the port mapper; returns when both are gone. */
  @Override
  public void close() throws IOException {
    end(broker);
    end(mapper);
    Files.deleteIfExists(folder.resolve("rabbitmq.pid"));
    Files.deleteIfExists(folder.resolve("epmd.pid"));
  }

  private static void end(Process process) {
    List<ProcessHandle> children = process.descendants().toList();
    process.destroy();
    try {
      if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor(STOP.toSeconds(), TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    children.forEach(ProcessHandle::destroy);
  }
}
