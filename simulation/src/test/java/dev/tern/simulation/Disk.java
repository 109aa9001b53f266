package dev.tern.simulation;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.tern.simulation.files.FileEvents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes each change of a file an effect of who makes it. */
final class Disk implements FileEvents {
  private static final Pattern ID =
      Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(-\\d+)?");
  private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern TYPE = Pattern.compile("\"type\":\"([A-Za-z]+)\"");

  /** Most paths are those of the runs before. */
  private static final Map<String, String> NAMES = new HashMap<>();

  private final Turns turns;
  private final BiConsumer<String, Path> watch;
  private final Map<Path, String> names = new HashMap<>();

  /**
   * @param watch told of each change that happens
   */
  Disk(Turns turns, BiConsumer<String, Path> watch) {
    this.turns = turns;
    this.watch = watch;
  }

  @Override
  public void before(String what, Path path) throws IOException {
    check(turns.effect("file " + what + " " + named(path)));
    watch.accept(what, path);
  }

  @Override
  public int written(Path path, ByteBuffer bytes) throws IOException {
    int whole = bytes.remaining();
    Fault.Kind kind = turns.effect("writes " + named(path) + type(path, bytes));
    check(kind);
    return kind == Fault.Kind.TORN ? whole / 2 : whole;
  }

  @Override
  public void torn(Path path) {
    turns.running().ifPresent(Party::die);
    turns.tell("torn");
    OneThread.giveWay();
    throw new IllegalStateException("a dead process went on");
  }

  private static void check(Fault.Kind kind) throws IOException {
    if (kind == Fault.Kind.DISK_FULL) {
      throw new IOException("No space left on device");
    }
  }

  private static String type(Path path, ByteBuffer bytes) {
    if (!path.endsWith("journal")) {
      return "";
    }
    Matcher type = TYPE.matcher(ISO_8859_1.decode(bytes.duplicate()));
    return type.find() ? " " + type.group(1) : "";
  }

  private String named(Path path) {
    return names.computeIfAbsent(path, Disk::name);
  }

  /** Without what differs between runs of one story. */
  static String name(Path path) {
    Path below = path.getNameCount() > 1 ? path.subpath(1, path.getNameCount()) : path;
    return NAMES.computeIfAbsent(
        below.toString(),
        text -> DIGEST.matcher(ID.matcher(text).replaceAll("ID")).replaceAll("SHA"));
  }
}
