package dev.tern.standalone.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** One of Tern's services, with one life after the other. */
final class Part {
  /** What a life is made of. */
  interface Kind {
    Class<?> application();

    String configName();

    boolean web();

    /** Settings, with the wires of this life. */
    Map<String, String> settings(Life life) throws IOException;

    /** Puts what may die in the place of what may not. */
    default void prepare(ConfigurableApplicationContext starting, Life life) {}
  }

  /** One life: its wires, and what it may do. */
  static final class Life {
    final Mortal mortal = new Mortal();
    private final List<Wire> wires = new ArrayList<>();
    private @Nullable ConfigurableApplicationContext context;

    Wire wireTo(int port) throws IOException {
      Wire wire = Wire.to(port);
      wires.add(wire);
      return wire;
    }

    void end() throws IOException {
      mortal.die();
      wires.forEach(Wire::cut);
    }
  }

  private final String name;
  private final Kind kind;
  private @Nullable Life life; // guarded by this

  Part(String name, Kind kind) {
    this.name = name;
    this.kind = kind;
  }

  String name() {
    return name;
  }

  /** Starts a life, unless one is lived. */
  synchronized void start() throws IOException {
    if (life != null) {
      return;
    }
    Life next = new Life();
    Map<String, String> settings = new TreeMap<>(kind.settings(next));
    settings.put("spring.config.name", kind.configName());
    List<String> arguments = new ArrayList<>();
    settings.forEach((key, value) -> arguments.add("--" + key + "=" + value));
    try {
      next.context =
          new SpringApplicationBuilder(kind.application())
              .web(kind.web() ? WebApplicationType.SERVLET : WebApplicationType.NONE)
              .registerShutdownHook(false)
              .bannerMode(org.springframework.boot.Banner.Mode.OFF)
              .initializers(starting -> kind.prepare(starting, next))
              .run(arguments.toArray(String[]::new));
      life = next;
    } catch (RuntimeException e) {
      next.end();
      throw new IOException("%s did not start: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Ends its life as SIGKILL would, and clears away what cannot do anything any more. */
  synchronized void kill() throws IOException {
    Life ended = life;
    if (ended == null) {
      return;
    }
    life = null;
    ended.end();
    ConfigurableApplicationContext context = ended.context;
    if (context != null) {
      Thread.ofVirtual().name("clears-" + name).start(context::close);
    }
  }

  synchronized boolean alive() {
    return life != null;
  }

  /** A setting or property of the life that is lived now; empty when there is none. */
  synchronized java.util.Optional<String> property(String key) {
    Life now = life;
    return now == null || now.context == null
        ? java.util.Optional.empty()
        : java.util.Optional.ofNullable(now.context.getEnvironment().getProperty(key));
  }
}
