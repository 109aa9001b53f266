package dev.tern.bench;

import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.VirtException;
import dev.tern.virt.disk.Tool;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The floor: {@code benchmarks/floor/migrate.py}, and what it runs. */
final class FloorMover implements Mover {
  private static final String SCRIPT = "migrate.py";
  private static final List<String> SCRIPTS = List.of(SCRIPT, "ways.py", "relay.py");
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final Path script;
  private final String name;
  private final String floor;
  private final List<String> options;
  private final JsonMapper json = JsonMapper.builder().build();

  private FloorMover(Path script, String name, String floor, List<String> options) {
    this.script = script;
    this.name = name;
    this.floor = floor;
    this.options = List.copyOf(options);
  }

  /** A floor for what is sent in that way. */
  static FloorMover in(Path work, Streams streams) throws IOException {
    return new FloorMover(unpacked(work), name(streams), name(streams), options(streams));
  }

  /**
   * The ways there are without Tern: plain, native TLS, and a tunnel as libvirt's daemons make it.
   * Each is held against the first.
   */
  static List<Mover> ways(Path work) throws IOException {
    Path script = unpacked(work);
    String plain = name(Streams.PLAIN);
    return List.of(
        new FloorMover(script, plain, plain, options(Streams.PLAIN)),
        new FloorMover(script, name(Streams.TLS), plain, options(Streams.TLS)),
        new FloorMover(script, plain + "-tunnel", plain, List.of("--tunnel")));
  }

  /** Puts the scripts into the work directory. */
  static Path unpacked(Path work) throws IOException {
    for (String name : SCRIPTS) {
      try (InputStream packed = FloorMover.class.getResourceAsStream(name)) {
        if (packed == null) {
          throw new IOException("The build left out " + name + ".");
        }
        Files.copy(packed, work.resolve(name), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return work.resolve(SCRIPT);
  }

  private static List<String> options(Streams streams) {
    return switch (streams) {
      case PLAIN -> List.of();
      case TLS -> List.of("--tls");
    };
  }

  static String name(Streams streams) {
    return "floor" + streams.suffix();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String floor() {
    return floor;
  }

  @Override
  public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("python3", script.toString()));
    command.addAll(List.of("--source", source.instance().toString()));
    command.addAll(List.of("--destination", destination.instance().toString()));
    command.addAll(options);
    for (LocalDisk disk : recipe.localDisks()) {
      command.addAll(
          List.of(
              "--disk",
              switch (what.sync()) {
                case FULL -> disk.id();
                case TOP -> disk.id() + ":top";
              }));
    }
    try {
      return move(json.readTree(Tool.run(command, source.instance(), DEADLINE)));
    } catch (VirtException | JacksonException e) {
      throw new IOException("The floor's script failed: " + e.getMessage(), e);
    }
  }

  private static Move move(JsonNode said) {
    return new Move(
        millis(said.path("total")),
        said.path("memoryBytes").asLong(),
        points(said.path("times")),
        points(said.path("sinceStop")));
  }

  private static Map<String, Duration> points(JsonNode said) {
    Map<String, Duration> points = new LinkedHashMap<>();
    said.properties().forEach(point -> points.put(point.getKey(), millis(point.getValue())));
    return points;
  }

  private static Duration millis(JsonNode number) {
    return Duration.ofNanos(Math.round(number.asDouble() * 1e6));
  }
}
