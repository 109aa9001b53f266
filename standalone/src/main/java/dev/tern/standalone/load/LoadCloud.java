package dev.tern.standalone.load;

import dev.tern.agent.AgentApplication;
import dev.tern.agent.AgentSettings;
import dev.tern.api.ApiApplication;
import dev.tern.conductor.ConductorApplication;
import dev.tern.db.DatabaseMigrations;
import dev.tern.local.EmbeddedDatabase;
import dev.tern.local.PrivateBroker;
import dev.tern.scheduler.SchedulerApplication;
import dev.tern.virt.VirtDriver;
import dev.tern.virt.fake.FakeWorld;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.ConfigurableApplicationContext;

/** Broker, database, and all of Tern's parts over simulated guests, each of which can be killed. */
final class LoadCloud implements AutoCloseable {
  private static final int FIRST_PORT = 20_000;
  private static final int PORTS_OF_A_HOST = 4_000;

  private final LoadOptions options;
  private final MortalDriver.Moments moments;
  private final FakeWorld world = new FakeWorld();
  private final Map<String, Part> parts = new LinkedHashMap<>();
  private final Thread lastResort = new Thread(this::endProcesses, "ends-load");
  private volatile PrivateBroker broker;
  private volatile EmbeddedDatabase database;

  private LoadCloud(
      LoadOptions options,
      MortalDriver.Moments moments,
      PrivateBroker broker,
      EmbeddedDatabase database) {
    this.options = options;
    this.moments = moments;
    this.broker = broker;
    this.database = database;
    Runtime.getRuntime().addShutdownHook(lastResort);
  }

  /** Starts everything; returns when all parts run. */
  static LoadCloud start(LoadOptions options, MortalDriver.Moments moments) throws IOException {
    Files.createDirectories(options.data().resolve("hosts"));
    EmbeddedDatabase database = EmbeddedDatabase.start(options.data().resolve("postgresql"));
    PrivateBroker broker;
    try {
      broker = PrivateBroker.start(options.data().resolve("rabbitmq"));
    } catch (IOException e) {
      database.close();
      throw e;
    }
    LoadCloud cloud = new LoadCloud(options, moments, broker, database);
    try {
      DatabaseMigrations.migrate(cloud.database.jdbcUrl(), null, null);
      cloud.add("scheduler", new Plain(SchedulerApplication.class, "tern-scheduler", false));
      for (String name : new String[] {"conductor-1", "conductor-2"}) {
        cloud.add(name, new Plain(ConductorApplication.class, "tern-conductor", false));
      }
      cloud.add("api", new Plain(ApiApplication.class, "tern-api", true));
      for (Part part : cloud.parts.values()) {
        part.start();
      }
      for (int host = 1; host <= options.hosts(); host++) {
        cloud.addAgent(host);
      }
      return cloud;
    } catch (IOException | RuntimeException e) {
      cloud.close();
      throw e;
    }
  }

  private void add(String name, Plain kind) {
    parts.put(name, new Part(name, new OnStores(name, kind)));
  }

  private void addAgent(int number) throws IOException {
    Part part = new Part(host(number), new OfAgent(number));
    parts.put(part.name(), part);
    part.start();
  }

  static String host(int number) {
    return "host-" + number;
  }

  Path data(int host) {
    return options.data().resolve("hosts").resolve(host(host));
  }

  FakeWorld world() {
    return world;
  }

  Map<String, Part> parts() {
    return Map.copyOf(parts);
  }

  /** Where the API is now; empty while it is dead. */
  Optional<URI> api() {
    return Optional.ofNullable(parts.get("api"))
        .flatMap(part -> part.property("local.server.port"))
        .map(port -> URI.create("http://127.0.0.1:" + port + "/"));
  }

  String amqp() {
    return broker.uri();
  }

  /** Kills the broker's processes and starts it again with what is on its disk. */
  synchronized void strikeBroker() throws IOException {
    int port = broker.port();
    broker.kill();
    broker = PrivateBroker.start(options.data().resolve("rabbitmq"), port);
  }

  /** The same with the database. */
  synchronized void strikeDatabase() throws IOException {
    int port = database.port();
    database.kill();
    database = EmbeddedDatabase.start(options.data().resolve("postgresql"), port);
  }

  @Override
  public void close() throws IOException {
    try {
      for (Part part : parts.values()) {
        part.kill();
      }
    } finally {
      try {
        broker.close();
      } finally {
        database.close();
        forgetLastResort();
      }
    }
  }

  private void forgetLastResort() {
    try {
      boolean _ = Runtime.getRuntime().removeShutdownHook(lastResort);
    } catch (IllegalStateException _) {
      // The JVM is ending already, and the hook runs.
    }
  }

  /** The JVM is told to end: broker and database are processes of their own, and would stay. */
  private void endProcesses() {
    try {
      broker.kill();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      killDatabase();
    }
  }

  private void killDatabase() {
    try {
      database.kill();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, String> common(Part.Life life) throws IOException {
    Map<String, String> settings = new TreeMap<>();
    settings.put("tern.amqp.uri", through(life, broker.uri(), broker.port()));
    settings.put("server.port", "0");
    settings.put("logging.threshold.console", "OFF");
    settings.put("logging.file.name", options.data().resolve("tern.log").toString());
    return settings;
  }

  private static String through(Part.Life life, String address, int port) throws IOException {
    return address.replace(":" + port, ":" + life.wireTo(port).port());
  }

  private record Plain(Class<?> application, String configName, boolean web) {}

  /** API, conductors and scheduler: all they can do goes to broker and database. */
  private final class OnStores implements Part.Kind {
    private final String name;
    private final Plain kind;

    OnStores(String name, Plain kind) {
      this.name = name;
      this.kind = kind;
    }

    @Override
    public Class<?> application() {
      return kind.application();
    }

    @Override
    public String configName() {
      return kind.configName();
    }

    @Override
    public boolean web() {
      return kind.web();
    }

    @Override
    public Map<String, String> settings(Part.Life life) throws IOException {
      Map<String, String> settings = common(life);
      settings.put("spring.datasource.url", through(life, database.jdbcUrl(), database.port()));
      if (name.startsWith("conductor")) {
        settings.put("tern.conductor.name", name);
        settings.put("tern.conductor.lease", "15s");
        settings.put("tern.conductor.sweep-every", "1s");
        settings.put("tern.conductor.migration.silence", "20s");
        settings.put(
            "tern.conductor.migration.at-once-per-source", Integer.toString(options.servers()));
      } else if (name.equals("api")) {
        settings.put("tern.api.image-directory", options.data().resolve("images").toString());
        settings.put("server.shutdown", "immediate");
      } else {
        settings.put("tern.scheduler.vcpu-ratio", "1000");
      }
      return settings;
    }
  }

  /** An agent: besides the broker it has files and a hypervisor. */
  private final class OfAgent implements Part.Kind {
    private final int number;
    private int lives;

    OfAgent(int number) {
      this.number = number;
    }

    @Override
    public Class<?> application() {
      return AgentApplication.class;
    }

    @Override
    public String configName() {
      return "tern-agent";
    }

    @Override
    public boolean web() {
      return false;
    }

    @Override
    public Map<String, String> settings(Part.Life life) throws IOException {
      Map<String, String> settings = common(life);
      // Simulated guests listen on no real port, by which an agent would see that it is taken.
      int ports = 2 * options.servers() + 20;
      int nth = lives++ % (PORTS_OF_A_HOST / ports);
      int first = FIRST_PORT + number * PORTS_OF_A_HOST + nth * ports;
      settings.put("tern.agent.host", host(number));
      settings.put("tern.agent.data", data(number).toString());
      settings.put("tern.agent.driver", "fake");
      settings.put("tern.agent.migration-address", "127.0.1." + number);
      settings.put("tern.agent.first-port", Integer.toString(first));
      settings.put("tern.agent.last-port", Integer.toString(first + ports - 1));
      settings.put("tern.agent.beat", "1s");
      settings.put("tern.agent.disk-reserve", "0");
      settings.put("tern.agent.disk-margin", "1MB");
      api().ifPresent(uri -> settings.put("tern.agent.image-service", uri + "image"));
      return settings;
    }

    @Override
    public void prepare(ConfigurableApplicationContext starting, Part.Life life) {
      starting.getBeanFactory().registerSingleton("world", world);
      starting
          .getBeanFactory()
          .addBeanPostProcessor(
              new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                  return switch (bean) {
                    case VirtDriver driver -> new MortalDriver(driver, life.mortal, moments);
                    case AgentSettings settings ->
                        withData(settings, new MortalFiles(life.mortal).path(settings.data()));
                    default -> bean;
                  };
                }
              });
    }
  }

  /** The same settings with another directory; settings are a long record. */
  private static AgentSettings withData(AgentSettings settings, Path data) {
    try {
      RecordComponent[] components = AgentSettings.class.getRecordComponents();
      Object[] values = new Object[components.length];
      for (int i = 0; i < components.length; i++) {
        values[i] =
            components[i].getName().equals("data")
                ? data
                : components[i].getAccessor().invoke(settings);
      }
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      return AgentSettings.class.getDeclaredConstructor(types).newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new UncheckedIOException(new IOException("the agent's settings cannot be copied", e));
    }
  }
}
