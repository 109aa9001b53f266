package dev.tern.agent;

import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.ImageRef;
import dev.tern.virt.LaunchRecipe;
import dev.tern.virt.LaunchRecipe.BaseRecipe;
import dev.tern.virt.LaunchRecipe.DiskRecipe;
import dev.tern.virt.LaunchRecipe.KernelBoot;
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
import tools.jackson.databind.json.JsonMapper;

/**
 * Launch recipes as JSON, and the images they name. One that comes from another host is hostile
 * until {@link #check} has passed; the driver checks once more what goes to QEMU.
 */
final class Recipes {
  static final int VERSION = 1;
  private static final String RECIPE = "recipe.json";
  private static final String IMAGES = "images.json";
  private static final int MAX_CHARS = 256 * 1024;
  private static final int MAX_DISKS = 16;
  private static final Pattern DISK_FILE = Pattern.compile("[a-z0-9]{1,32}\\.(qcow2|raw)");
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
      recipe = JSON.readValue(json, LaunchRecipe.class);
    } catch (JacksonException _) {
      throw Refusals.invalid("The launch recipe of server %s cannot be read.".formatted(server));
    }
    check(recipe, server);
    return recipe;
  }

  private static void check(LaunchRecipe recipe, ServerId server) {
    require(recipe.version() <= VERSION, "is of a newer version");
    require(recipe.serverId().equals(server.toString()), "is another server's");
    require(
        !recipe.disks().isEmpty() && recipe.disks().size() <= MAX_DISKS,
        "has no, or too many disks");
    Set<String> names = new HashSet<>();
    for (DiskRecipe disk : recipe.disks()) {
      require(
          DISK_FILE.matcher(disk.file()).matches() && disk.file().endsWith("." + disk.format()),
          "names a disk file that is none");
      require(disk.virtualBytes() > 0, "has a disk without a size");
      require(names.add(disk.file()) && names.add(disk.id() + " id"), "has a disk twice");
    }
    require(bases(recipe).allMatch(Recipes::isDigest), "names a base that is no sha256");
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
  static Stream<String> bases(LaunchRecipe recipe) {
    return Stream.concat(
        recipe.disks().stream().flatMap(disk -> disk.base().stream()).map(BaseRecipe::sha256),
        recipe.kernel().stream().flatMap(Recipes::kernelFiles));
  }

  private static Stream<String> kernelFiles(KernelBoot kernel) {
    return Stream.concat(Stream.of(kernel.kernelSha256()), kernel.initrdSha256().stream());
  }

  /** Writes both beside the instance, durably. */
  static void keep(Path directory, String recipe, List<ImageRef> images) throws IOException {
    Durable.write(directory.resolve(IMAGES), JSON.writeValueAsBytes(images));
    Durable.write(directory.resolve(RECIPE), recipe.getBytes(StandardCharsets.UTF_8));
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
