package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.contract.agent.MoreDisks;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
import dev.tern.virt.LaunchRecipe.LayerRecipe;
import dev.tern.virt.LaunchRecipe.LocalDisk;
import dev.tern.virt.LaunchRecipe.NetworkDisk;
import dev.tern.virt.LaunchRecipe.ReadOnlyDisk;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Launch recipes as JSON, and the images they name. One that comes from another host is hostile
 * until {@link #check} has passed; the driver checks once more what goes to QEMU.
 */
final class Recipes {
  private static final int FIRST_VERSION = 1;
  private static final String RECIPE = "recipe.json";
  private static final String IMAGES = "images.json";
  private static final int MAX_CHARS = 256 * 1024;

  /** Local disks, a config drive, and a volume in each port a machine can have. */
  private static final int MAX_DISKS = MoreDisks.MOST_LOCAL + 1 + 7;

  private static final int MAX_LAYERS = 64;
  private static final Pattern DISK_FILE = Pattern.compile("[a-z0-9]{1,32}\\.(qcow2|raw)");
  private static final Pattern STORAGE = Pattern.compile("[a-z][a-z0-9]{0,15}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .build();

  private Recipes() {}

  static String write(LaunchRecipe recipe) {
    return JSON.writeValueAsString(recipe);
  }

  /**
   * @throws dev.tern.contract.ComputeException INVALID_INPUT when it is no recipe of that server,
   *     or names files it must not
   */
  static LaunchRecipe read(String json, ServerId server) {
    if (json.length() > MAX_CHARS) {
      throw Refusals.invalid("The launch recipe is too long.");
    }
    LaunchRecipe recipe;
    try {
      JsonNode tree = JSON.readTree(json);
      require(tree.isObject(), "is none");
      recipe = JSON.treeToValue(upToDate(tree), LaunchRecipe.class);
    } catch (JacksonException _) {
      throw Refusals.invalid("The launch recipe of server %s cannot be read.".formatted(server));
    }
    check(recipe, server);
    return recipe;
  }

  /**
   * A recipe of version 1 in today's words: the same machine, with no ports to plug disks into. Its
   * version stays, so that it is known for what it is.
   */
  private static JsonNode upToDate(JsonNode recipe) {
    if (!(recipe instanceof ObjectNode old)
        || old.path("version").asInt(LaunchRecipe.VERSION) != FIRST_VERSION
        || old.has("hotPlugPorts")) {
      return recipe;
    }
    for (JsonNode disk : old.path("disks")) {
      if (disk instanceof ObjectNode known) {
        JsonNode base = known.remove("base");
        known.put("type", LocalDisk.class.getSimpleName()).put("encrypted", false);
        ArrayNode layers = known.putArray("layers");
        if (base instanceof ObjectNode layer) {
          layers.add(layer.put("encrypted", false));
        }
      }
    }
    return old.put("hotPlugPorts", 0);
  }

  private static void check(LaunchRecipe recipe, ServerId server) {
    require(recipe.version() <= LaunchRecipe.VERSION, "is of a newer version");
    require(recipe.serverId().equals(server.toString()), "is another server's");
    require(
        !recipe.disks().isEmpty() && recipe.disks().size() <= MAX_DISKS,
        "has no, or too many disks");
    Set<String> names = new HashSet<>();
    for (DiskRecipe disk : recipe.disks()) {
      require(disk.virtualBytes() > 0, "has a disk without a size");
      require(names.add(disk.id() + " id"), "has a disk twice");
    }
    for (LocalDisk disk : recipe.localDisks()) {
      require(
          DISK_FILE.matcher(disk.file()).matches() && disk.file().endsWith("." + disk.format()),
          "names a disk file that is none");
      require(
          names.add(disk.storage().map(s -> s + " ").orElse("") + disk.file()), "has a disk twice");
      require(
          disk.storage().map(s -> STORAGE.matcher(s).matches()).orElse(true),
          "names a storage that is none");
      require(disk.layers().size() <= MAX_LAYERS, "has a disk of too many layers");
    }
    require(files(recipe).allMatch(Recipes::isDigest), "names a file that is no sha256");
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw Refusals.invalid("The launch recipe %s.".formatted(otherwise));
    }
  }

  static boolean isDigest(String text) {
    return SHA256.matcher(text).matches();
  }

  /** Every file in {@code _base} that the recipe needs. */
  static Stream<String> files(LaunchRecipe recipe) {
    return Stream.concat(
        recipe.disks().stream().flatMap(Recipes::files),
        recipe.kernel().stream().flatMap(Recipes::kernelFiles));
  }

  private static Stream<String> files(DiskRecipe disk) {
    return switch (disk) {
      case LocalDisk local -> local.layers().stream().map(LayerRecipe::sha256);
      case ReadOnlyDisk readOnly -> Stream.of(readOnly.sha256());
      case NetworkDisk _ -> Stream.empty();
    };
  }

  private static Stream<String> kernelFiles(KernelBoot kernel) {
    return Stream.concat(Stream.of(kernel.kernelSha256()), kernel.initrdSha256().stream());
  }

  /** Writes both beside the instance, durably. */
  static void keep(Path directory, String recipe, List<ImageRef> images) throws IOException {
    Durable.write(directory.resolve(IMAGES), JSON.writeValueAsBytes(images));
    Durable.write(directory.resolve(RECIPE), recipe.getBytes(StandardCharsets.UTF_8));
  }

  static boolean present(Path directory) {
    return Files.exists(directory.resolve(RECIPE), LinkOption.NOFOLLOW_LINKS);
  }

  static String text(Path directory) throws IOException {
    return Files.readString(regular(directory.resolve(RECIPE)));
  }

  static LaunchRecipe recipe(Path directory, ServerId server) throws IOException {
    return read(text(directory), server);
  }

  static List<ImageRef> images(Path directory) throws IOException {
    return List.of(
        JSON.readValue(Files.readAllBytes(regular(directory.resolve(IMAGES))), ImageRef[].class));
  }

  private static Path regular(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("%s is not a file".formatted(file.getFileName()));
    }
    return file;
  }
}
