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

/** The floor: {@code benchmarks/floor/migrate.py}. */
final class FloorMover implements Mover {
  private static final String SCRIPT = "migrate.py";
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private final Path script;
  private final Streams streams;
  private final JsonMapper json = JsonMapper.builder().build();

  private FloorMover(Path script, Streams streams) {
    this.script = script;
    this.streams = streams;
  }

  /** Puts the script into the work directory. */
  static FloorMover in(Path work, Streams streams) throws IOException {
    Path script = work.resolve(SCRIPT);
    try (InputStream packed = FloorMover.class.getResourceAsStream(SCRIPT)) {
      if (packed == null) {
        throw new IOException("The build left out " + SCRIPT + ".");
      }
      Files.copy(packed, script, StandardCopyOption.REPLACE_EXISTING);
    }
    return new FloorMover(script, streams);
  }

  static String name(Streams streams) {
    return "floor" + streams.suffix();
  }

  @Override
  public String name() {
    return name(streams);
  }

  @Override
  public String floor() {
    return name(streams);
  }

  @Override
  public Move move(Host source, Host destination, LaunchRecipe recipe, BenchCase what)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("python3", script.toString()));
    command.addAll(List.of("--source", source.instance().toString()));
    command.addAll(List.of("--destination", destination.instance().toString()));
    switch (streams) {
      case PLAIN -> {}
      case TLS -> command.add("--tls");
    }
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
