package dev.tern.standalone;

import dev.tern.contract.Pause;
import dev.tern.db.DatabaseMigrations;
import dev.tern.local.EmbeddedDatabase;
import dev.tern.local.PrivateBroker;
import dev.tern.standalone.ServiceLauncher.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * All of Tern on one machine, running. Closing it ends the services, then broker and database, in
 * the reverse of the order they were started in; guests run on, as they do when any agent ends.
 */
final class StandaloneForm implements AutoCloseable {
  private final FormSettings settings;
  private final Consumer<String> say;
  private final Deque<AutoCloseable> started = new ArrayDeque<>();
  private final Map<String, Path> hostData = new LinkedHashMap<>();
  private final Map<String, Launch> launches = new LinkedHashMap<>();
  private String amqp = "";
  private @Nullable LoopbackNetwork network;
  private String db = "";
  private URI api = URI.create("http://127.0.0.1/");

  /** Settings that are not named after the services that have them. */
  private static final Map<String, Set<Service>> NAMED_OTHERWISE =
      Map.of(
          "tern.bandwidth.", Set.of(Service.CONDUCTOR),
          "tern.drain.", Set.of(Service.CONDUCTOR),
          "tern.forecast.", Set.of(Service.API, Service.CONDUCTOR),
          "tern.notifications.", Set.of(Service.CONDUCTOR),
          "tern.quota.", Set.of(Service.API),
          "tern.resize.", Set.of(Service.CONDUCTOR));

  private StandaloneForm(FormSettings settings, Consumer<String> say) {
    this.settings = settings;
    this.say = say;
  }

  /**
   * Starts everything and returns when every host is reported up.
   *
   * @param say told a line per step
   * @throws IOException saying what did not start; then nothing that was started is left running
   */
  static StandaloneForm start(FormSettings settings, Pause pause, Consumer<String> say)
      throws IOException, InterruptedException {
    StandaloneForm form = new StandaloneForm(settings, say);
    try {
      form.startAll(pause);
      return form;
    } catch (IOException | InterruptedException | RuntimeException e) {
      form.close();
      throw e;
    }
  }

  private void startAll(Pause pause) throws IOException, InterruptedException {
    makeFolder(settings.data());
    started.push(Leftovers.lock(settings.data()));
    Leftovers.endServices(settings.data());
    LoopbackNetwork network = LoopbackNetwork.take(settings.data().resolve("network"));
    push(network);
    this.network = network;
    Map<String, String> broker = new TreeMap<>(settings.properties());
    Map<String, String> stores = new TreeMap<>();
    startBrokerAndDatabase(broker, stores);
    ServiceLauncher launcher =
        settings.processes() ? new AsProcesses(settings.data()) : new InThisJvm();
    int port = settings.port() == 0 ? freePort() : settings.port();
    api = URI.create("http://127.0.0.1:" + port + "/");
    startServices(launcher, broker, stores, port);
    Readiness readiness = Readiness.from(api, db, pause);
    startAgents(launcher, broker, network);
    readiness.awaitHosts(settings.hosts());
  }

  private static void makeFolder(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
  }

  /** Both at once: each waits more than it works. */
  private void startBrokerAndDatabase(Map<String, String> broker, Map<String, String> stores)
      throws IOException {
    // Logging that two threads meet for the first time complains on standard error.
    LoggerFactory.getILoggerFactory();
    CompletableFuture<String> uri =
        CompletableFuture.supplyAsync(
            () -> settings.amqp().orElseGet(this::startBroker), Thread::startVirtualThread);
    CompletableFuture<String> db =
        CompletableFuture.supplyAsync(
            () -> settings.db().orElseGet(this::startDatabase), Thread::startVirtualThread);
    try {
      String url = db.join();
      DatabaseMigrations.migrate(url, null, null);
      stores.put("spring.datasource.url", url);
      this.db = url;
      this.amqp = uri.join();
      settings.db().ifPresentOrElse(outside -> {}, () -> say.accept("PostgreSQL is up"));
      settings.amqp().ifPresentOrElse(outside -> {}, () -> say.accept("RabbitMQ is up"));
      broker.put("tern.amqp.uri", this.amqp);
    } catch (CompletionException e) {
      throw new IOException(e.getCause() == null ? e.getMessage() : e.getCause().getMessage(), e);
    }
  }

  private String startBroker() {
    try {
      PrivateBroker own = PrivateBroker.start(settings.data().resolve("rabbitmq"));
      push(own);
      return own.uri();
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private String startDatabase() {
    try {
      EmbeddedDatabase own = EmbeddedDatabase.start(settings.data().resolve("postgresql"));
      push(own);
      return own.jdbcUrl();
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  /** Guards {@link #started}, which two threads add to while broker and database start. */
  private synchronized void push(AutoCloseable thing) {
    started.push(thing);
  }

  private void startServices(
      ServiceLauncher launcher, Map<String, String> broker, Map<String, String> stores, int port)
      throws IOException {
    Map<String, String> common = new TreeMap<>(broker);
    common.putAll(stores);
    common.putAll(logging());
    Map<String, String> apiSettings = new TreeMap<>(common);
    apiSettings.put("server.port", Integer.toString(port));
    apiSettings.put("tern.api.image-directory", settings.data().resolve("images").toString());
    launch(launcher, Service.SCHEDULER, "scheduler", common);
    launch(launcher, Service.CONDUCTOR, "conductor", common);
    launch(launcher, Service.API, "api", apiSettings);
  }

  private void startAgents(
      ServiceLauncher launcher, Map<String, String> broker, LoopbackNetwork network)
      throws IOException {
    for (int i = 1; i <= settings.hosts(); i++) {
      String host = "host-" + i;
      Path data = settings.data().resolve("hosts").resolve(host);
      makeFolder(data);
      hostData.put(host, data);
      Map<String, String> agent = new TreeMap<>(broker);
      agent.putAll(logging());
      agent.put("tern.agent.host", host);
      agent.put("tern.agent.data", data.toString());
      agent.put("tern.agent.migration-address", network.address(i));
      agent.putIfAbsent("tern.agent.image-service", api.resolve("image").toString());
      if (agent.containsKey("tern.agent.image-identity.username")
          || agent.containsKey("tern.agent.image-identity.application-credential-id")) {
        agent.putIfAbsent(
            "tern.agent.image-identity.auth-url",
            agent.getOrDefault("tern.api.keystone.url", api.resolve("identity/v3").toString()));
      }
      launch(launcher, Service.AGENT, "agent-" + host, agent);
    }
  }

  private Map<String, String> logging() {
    return settings.processes()
        ? Map.of()
        : Map.of(
            "logging.file.name",
            settings.data().resolve("logs").resolve("tern.log").toString(),
            "logging.threshold.console",
            "OFF");
  }

  private void launch(
      ServiceLauncher launcher, Service service, String name, Map<String, String> properties)
      throws IOException {
    Map<String, String> own = new TreeMap<>(properties);
    own.keySet().removeIf(key -> isForAnother(service, key));
    if (settings.processes() && service != Service.API) {
      own.putIfAbsent("server.port", Integer.toString(freePort()));
    }
    Running running = launcher.start(service, name, own);
    launches.put(name, new Launch(launcher, service, own, running));
    push(running);
    say.accept(settings.processes() ? name + " has pid " + running.pid() : name + " is up");
  }

  /**
   * {@code tern.<service>.…} given with {@code -D} is for that service alone, and so are groups of
   * another name; any other would refuse to start with it.
   */
  static boolean isForAnother(Service service, String key) {
    for (Service other : Service.values()) {
      if (other != service && key.startsWith("tern." + other.word() + ".")) {
        return true;
      }
    }
    return NAMED_OTHERWISE.entrySet().stream()
        .anyMatch(each -> key.startsWith(each.getKey()) && !each.getValue().contains(service));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** How a service was started, to start it again. */
  private record Launch(
      ServiceLauncher launcher, Service service, Map<String, String> properties, Running running) {}

  private Launch launched(String name) {
    Launch launch = launches.get(name);
    if (launch == null) {
      throw new IllegalArgumentException(
          "There is no service '%s'; there are %s.".formatted(name, launches.keySet()));
    }
    return launch;
  }

  long pid(String name) {
    return launched(name).running().pid();
  }

  /** Where a service's own HTTP is. Only where services are processes. */
  URI http(String name) {
    return URI.create(
        "http://127.0.0.1:%s/"
            .formatted(Objects.requireNonNull(launched(name).properties().get("server.port"))));
  }

  /** Starts a service again whose process has ended. */
  void restart(String name) throws IOException {
    Launch launch = launched(name);
    launch.running().close();
    Running running = launch.launcher().start(launch.service(), name, launch.properties());
    launches.put(
        name, new Launch(launch.launcher(), launch.service(), launch.properties(), running));
    push(running);
  }

  /** Starts another copy of a service with a name of its own, which its settings say too. */
  void startCopy(String of, String name) throws IOException {
    Launch first = launched(of);
    Map<String, String> own = new TreeMap<>(first.properties());
    own.put("tern." + first.service().word() + ".name", name);
    own.put("server.port", Integer.toString(freePort()));
    Running running = first.launcher().start(first.service(), name, own);
    launches.put(name, new Launch(first.launcher(), first.service(), own, running));
    push(running);
  }

  Path data() {
    return settings.data();
  }

  String amqp() {
    return amqp;
  }

  String db() {
    return db;
  }

  URI api() {
    return api;
  }

  /** What listens on its hosts' addresses. */
  List<String> listeners() throws IOException {
    return Objects.requireNonNull(network, "not started").listeners();
  }

  /** Each host's data directory, by host name. */
  Map<String, Path> hostData() {
    return Map.copyOf(hostData);
  }

  /** What a newcomer needs next, where nobody has to log in. */
  String welcome() {
    return welcome(
        List.of("export OS_AUTH_TYPE=none OS_ENDPOINT=" + api + "v2.1", "openstack server list"));
  }

  /**
   * What a newcomer needs next.
   *
   * @param client how the openstack client is told of it, a line each
   */
  String welcome(List<String> client) {
    StringBuilder text = new StringBuilder();
    text.append('\n')
        .append("Tern is up: ")
        .append(settings.hosts())
        .append(" hosts, state in ")
        .append(settings.data())
        .append('\n');
    text.append("  dashboard ").append(api).append(" in a browser\n");
    text.append("  API       ").append(api).append("v2.1\n");
    text.append("  images    ").append(api).append("image\n");
    text.append("  metrics   ").append(api).append("actuator/prometheus\n");
    text.append("  health    ").append(api).append("actuator/health\n");
    if (settings.processes()) {
      launches.forEach((name, launch) ->
          text.append("  ")
              .append(name)
              .append(": kill -9 ")
              .append(launch.running().pid())
              .append('\n'));
    }
    text.append("For the openstack client:\n");
    client.forEach(line -> text.append("  ").append(line).append('\n'));
    text.append("Ctrl-C stops it; state and guests stay.\n");
    return text.toString();
  }

  @Override
  public synchronized void close() {
    while (!started.isEmpty()) {
      AutoCloseable next = started.pop();
      try {
        next.close();
      } catch (Exception e) {
        say.accept("could not be ended in order: " + e.getMessage());
      }
    }
  }
}
