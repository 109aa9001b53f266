package dev.tern.agent;

import static dev.tern.virt.testing.Until.until;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.tern.contract.HostName;
import dev.tern.contract.ImageId;
import dev.tern.contract.MigrationId;
import dev.tern.contract.RequestId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentAnswer;
import dev.tern.contract.agent.AgentAnswer.Done;
import dev.tern.contract.agent.AgentAnswer.Refused;
import dev.tern.contract.agent.AgentAnswer.Working;
import dev.tern.contract.agent.AgentRequest;
import dev.tern.contract.agent.AgentRequest.BuildServer;
import dev.tern.contract.agent.AgentRequest.Header;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.AgentRequest.ServerSpec;
import dev.tern.contract.agent.AgentRequest.StartServer;
import dev.tern.contract.agent.AgentResult;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.testing.TestPorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.springframework.util.unit.DataSize;

/** Two agents and an image service, without a broker. */
final class TwoHosts implements AutoCloseable {
  static final ServerId SERVER = ServerId.parse("0b9a1f52-6c1d-4b73-9a63-2f3b8f3a9c01");
  static final MigrationId MIGRATION = MigrationId.parse("7d1c0a11-52be-4c39-8f0e-1c9c0f6b7a02");
  private static final int MAX_ASKS = 600;

  private final Path directory;
  private final Function<Path, VirtDriver> drivers;
  private final HttpServer images;
  private final Map<String, byte[]> contents = new ConcurrentHashMap<>();
  final AtomicInteger fetches = new AtomicInteger();
  final List<MigrationProgress> progress = new CopyOnWriteArrayList<>();

  /** What agents that start from now on take for the time. */
  Clock clock = Clock.systemUTC();

  /** Whose requests the image service takes. */
  volatile Predicate<HttpExchange> guard = _ -> true;

  /** As whom agents that start from now on ask it. */
  ImageIdentity identity = ImageIdentity.NONE;

  private final HttpClient http = HttpClient.newHttpClient();

  final Host source;
  final Host destination;

  /** Each agent, after its directory's base images, gets a driver of its own. */
  TwoHosts(Path directory, Function<Path, VirtDriver> drivers) throws IOException {
    this.directory = directory;
    this.drivers = drivers;
    this.images = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    images.createContext(
        "/image/v2/images/",
        exchange -> {
          String[] path = exchange.getRequestURI().getPath().split("/");
          try (exchange) {
            if (!guard.test(exchange)) {
              exchange.sendResponseHeaders(401, -1);
              return;
            }
            if (exchange.getRequestMethod().equals("PUT")) {
              contents.put(path[4], exchange.getRequestBody().readAllBytes());
              exchange.sendResponseHeaders(204, -1);
              return;
            }
            boolean file = path.length > 5;
            fetches.addAndGet(file ? 1 : 0);
            byte[] body =
                file
                    ? contents.get(path[4])
                    : status(contents.containsKey(path[4])).getBytes(UTF_8);
            if (body == null) {
              exchange.sendResponseHeaders(404, -1);
            } else {
              exchange.sendResponseHeaders(200, body.length);
              exchange.getResponseBody().write(body);
            }
          }
        });
    images.start();
    this.source = new Host("source");
    this.destination = new Host("destination");
  }

  private static String status(boolean there) {
    return "{\"status\":\"%s\"}".formatted(there ? "active" : "queued");
  }

  /** What the service holds of an image. */
  Optional<byte[]> content(ImageId id) {
    return Optional.ofNullable(contents.get(id.toString()));
  }

  /** Puts an image into the service. */
  ImageRef image(String format, byte[] content) {
    ImageId id = new ImageId(UUID.nameUUIDFromBytes(content));
    contents.put(id.toString(), content);
    return new ImageRef(id, sha256(content), format, content.length);
  }

  static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A small server with an overlay of a raw image, and more disks, runs on the source. */
  void runs(Header header, MoreDisks more) {
    source.done(
        new BuildServer(
            header,
            new ServerSpec(
                "vm",
                1,
                64,
                8 << 20,
                "qcow2",
                rawImage(1),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false,
                more)));
    source.done(new StartServer(header));
  }

  /** A raw image that differs from others by its seed. */
  ImageRef rawImage(int seed) {
    byte[] content = new byte[256 * 1024];
    new java.util.Random(seed).nextBytes(content);
    content[0] = 1; // no format's magic
    return image("raw", content);
  }

  static ServerSpec spec(ImageRef image) {
    return new ServerSpec(
        "vm",
        1,
        64,
        8 << 20,
        "qcow2",
        image,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false);
  }

  /** How a test asks a host. */
  interface Asks {
    AgentResult ask(Host host, AgentRequest request) throws Exception;
  }

  /** As the conductor does it. */
  static void agreeOnKey(Asks asks, Host from, Host to, long epoch) throws Exception {
    agreeOnKey(asks, from, to, SERVER, epoch);
  }

  static void agreeOnKey(Asks asks, Host from, Host to, ServerId server, long epoch)
      throws Exception {
    AgentResult.KeyOffer there =
        (AgentResult.KeyOffer)
            asks.ask(to, new AgentRequest.AgreeOnKey(header(server, epoch), Optional.empty()));
    AgentResult.KeyOffer here =
        (AgentResult.KeyOffer)
            asks.ask(from, new AgentRequest.AgreeOnKey(header(server, epoch), there.publicHalf()));
    asks.ask(to, new AgentRequest.AgreeOnKey(header(server, epoch), here.publicHalf()));
  }

  /** No file with a key is on either host, at the latest a second after its migration. */
  void awaitNoKeys() throws Exception {
    until(
        "the key files are gone",
        Duration.ofSeconds(1),
        () -> source.keyFiles().isEmpty() && destination.keyFiles().isEmpty());
  }

  static Header header(long epoch) {
    return header(SERVER, epoch);
  }

  static Header header(ServerId server, long epoch) {
    return new Header(RequestId.of(server.value()), server, epoch, Optional.of(MIGRATION));
  }

  /** Deletes an image from the service. */
  void forget(ImageRef image) {
    contents.remove(image.id().toString());
  }

  @Override
  public void close() throws IOException {
    source.agent.close();
    destination.agent.close();
    images.stop(0);
    http.shutdownNow();
  }

  /** What a host has, as a test wishes it. */
  static final class Figures implements HostFigures {
    volatile long diskFree = 100L << 30;

    @Override
    public int vcpus() {
      return 4;
    }

    @Override
    public long memoryMib() {
      return 8192;
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
      return diskFree;
    }

    /** Directories on file systems of their own, each with what is free there. */
    final Map<Path, Long> besides = new ConcurrentHashMap<>();

    @Override
    public Object fileSystemOf(Path directory) {
      return besides.containsKey(directory) ? directory : "the host's own";
    }

    @Override
    public long freeBytes(Path directory) {
      return besides.getOrDefault(directory, diskFree);
    }

    @Override
    public String uptime() {
      return "up 0 days, 00:01";
    }

    @Override
    public dev.tern.contract.host.KernelNbd kernelNbd() {
      return dev.tern.contract.host.KernelNbd.ABSENT;
    }
  }

  /** One host: its directory, and the agent that is there now. */
  final class Host {
    final HostName name;
    final Path data;
    final Figures figures = new Figures();
    final int firstPort;
    int lastPort;
    Duration portWait = Duration.ofSeconds(20);
    Duration unusedBaseAge = Duration.ofDays(1);
    Duration sweepAge = Duration.ZERO;
    Agent agent;

    private Host(String name) throws IOException {
      this.name = new HostName(name);
      this.data = directory.resolve(name);
      this.firstPort = TestPorts.next(32);
      this.lastPort = firstPort + 31;
      this.agent = open();
    }

    AgentSettings settings() {
      return new AgentSettings(
          name.value(),
          data,
          "127.0.0.1",
          firstPort,
          lastPort,
          portWait,
          URI.create("http://127.0.0.1:%d/image".formatted(images.getAddress().getPort())),
          Duration.ofSeconds(20),
          Duration.ofSeconds(10),
          512,
          DataSize.ofGigabytes(1),
          DataSize.ofMegabytes(64),
          Map.of("fast", storage()),
          List.of("127.0.0.0/8", "backup:10809"),
          Duration.ofDays(1),
          unusedBaseAge,
          Duration.ofMinutes(1),
          sweepAge,
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
          Duration.ofMillis(200),
          HostPolicy.NONE,
          identity);
    }

    /** Another directory of this host for disks. */
    Path storage() {
      return directory.resolve(name + "-fast");
    }

    Agent open() throws IOException {
      Files.createDirectories(storage());
      return Agent.open(
          name,
          settings(),
          new Agent.World(
              drivers.apply(data.resolve("_base")),
              figures,
              progress::add,
              AgentTime.real(clock),
              UUID::randomUUID,
              http));
    }

    /** The agent ends, as by SIGKILL for all that it leaves, and another one starts. */
    void restart() throws IOException {
      agent.close();
      agent = open();
    }

    /** Asks until the answer is final. */
    AgentAnswer ask(AgentRequest request) {
      for (int asked = 0; asked < MAX_ASKS; asked++) {
        AgentAnswer answer = agent.answer(request);
        if (!(answer instanceof Working)) {
          return answer;
        }
      }
      throw new AssertionError("no final answer to " + request);
    }

    /** Asked once: what is not done yet is said to be worked on. */
    AgentAnswer once(AgentRequest request) {
      return agent.answer(request);
    }

    AgentResult done(AgentRequest request) {
      return switch (ask(request)) {
        case Done(AgentResult result) -> result;
        case Refused(var failure) -> throw new AssertionError(request + ": " + failure);
        case Working(String what) -> throw new AssertionError(what);
      };
    }

    dev.tern.contract.Failure refused(AgentRequest request) {
      return switch (ask(request)) {
        case Refused(var failure) -> failure;
        case Done(AgentResult result) -> throw new AssertionError(request + ": " + result);
        case Working(String what) -> throw new AssertionError(what);
      };
    }

    AgentResult.GuestReport report() {
      return (AgentResult.GuestReport) done(new AgentRequest.AskGuest(header(0)));
    }

    Runner runner() {
      return report().runner();
    }

    Path instance() {
      return data.resolve("instances").resolve(SERVER.toString());
    }

    /** Files with a key, or half of one, anywhere below the data directory. */
    List<Path> keyFiles() throws IOException {
      try (Stream<Path> all = Files.walk(data)) {
        return all.filter(Files::isRegularFile)
            .filter(file -> file.startsWith(data.resolve("keys")) || file.endsWith("keys.psk"))
            .toList();
      }
    }

    /** Names in the instances directory. */
    List<String> instances() throws IOException {
      List<String> names = new ArrayList<>();
      try (Stream<Path> all = Files.list(data.resolve("instances"))) {
        all.forEach(path -> names.add(path.getFileName().toString()));
      }
      return names;
    }
  }
}
