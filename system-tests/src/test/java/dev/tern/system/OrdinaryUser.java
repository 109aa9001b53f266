package dev.tern.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tern.contract.Pause;
import dev.tern.standalone.DemoStage;
import dev.tern.standalone.demo.DemoPlace;
import dev.tern.standalone.demo.Patience;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * {@code ./tern up} with two hosts, as the program that {@code ./tern} runs, by a user who may do
 * nothing else: {@code nobody} in no group, without capabilities and any way to get some, when root
 * runs the tests; else who runs them.
 */
final class OrdinaryUser implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration STOP = Duration.ofMinutes(1);
  private static final Pattern API = Pattern.compile("API +(http://[0-9.:]+/)v2\\.1");

  private final Path state;
  private final Path printed;
  private final Process form;
  private final int user;
  private URI api = URI.create("http://127.0.0.1/");

  private OrdinaryUser(Path folder, Process form, int user) {
    this.state = folder;
    this.printed = folder.resolve("up.out");
    this.form = form;
    this.user = user;
  }

  /**
   * Starts it and returns when its hosts are up.
   *
   * @param folder given to that user, with all that he needs to read
   * @param more options of {@code up}
   */
  static OrdinaryUser up(Path folder, String... more) throws Exception {
    boolean root = Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    Path program = program(folder);
    Files.createDirectories(folder.resolve("work"));
    Files.createDirectories(folder.resolve("tmp"));
    List<String> command = new ArrayList<>();
    if (root) {
      for (Path his : List.of(folder, folder.resolve("tmp"))) {
        Files.setOwner(
            his,
            folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
      }
      command.addAll(
          List.of(
              "setpriv",
              "--reuid=nobody",
              "--regid=65534",
              "--clear-groups",
              "--inh-caps=-all",
              "--no-new-privs"));
    }
    command.addAll(up(folder, program));
    command.addAll(List.of(more));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("up.out").toFile());
    // Root's own home and the like are nothing to him.
    builder.environment().keySet().retainAll(List.of("PATH", "LANG"));
    int user = (Integer) Files.getAttribute(folder, "unix:uid");
    OrdinaryUser started = new OrdinaryUser(folder, builder.start(), user);
    try {
      started.awaitUp();
    } catch (IOException | InterruptedException | RuntimeException e) {
      started.close();
      throw e;
    }
    return started;
  }

  private static List<String> up(Path folder, Path program) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "--enable-native-access=ALL-UNNAMED",
        "-Djava.io.tmpdir=" + folder.resolve("tmp"),
        "-XX:AOTCache=" + program.resolve("standalone.aot"),
        "-Xlog:aot*=off",
        "-jar",
        program.resolve("standalone.jar").toString(),
        "up",
        "--port=0",
        "--data=" + folder,
        "-Dtern.conductor.migration.keep-source-disks=true");
  }

  /**
   * A copy of the program as {@code standalone/lay-out} made it, which he could not reach in root's
   * directories; with its times, by which the JVM tells whether what it kept of it is of it.
   */
  private static Path program(Path folder) throws IOException {
    Path jar =
        Path.of(
            Objects.requireNonNull(
                System.getProperty("standalone.program"), "run with -Pservices"));
    Path built = Objects.requireNonNull(jar.getParent(), "a program lies in a directory");
    Path own = folder.resolve("program");
    try (Stream<Path> files = Files.walk(built)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.copy(file, own.resolve(built.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    return own;
  }

  private void awaitUp() throws IOException, InterruptedException {
    api =
        new Patience(Pause.SLEEPING)
            .until(
                "Tern is up",
                START,
                () -> {
                  boolean runs = form.isAlive();
                  String said = Files.readString(printed);
                  Matcher told = API.matcher(said);
                  if (told.find()) {
                    return Optional.of(URI.create(told.group(1)));
                  }
                  if (!runs) {
                    throw new IOException("./tern up ended: " + said);
                  }
                  return Optional.empty();
                });
  }

  DemoPlace place() {
    Path hosts = state.resolve("hosts");
    return new DemoPlace(
        api,
        Map.of("host-1", hosts.resolve("host-1"), "host-2", hosts.resolve("host-2")),
        DemoStage.guestDirectory(),
        state.resolve("work"));
  }

  /** Holds when every process is his and may nothing more, and every file is for him alone. */
  void mustHaveAllToHimself(String guestsHost) throws IOException {
    List<ProcessHandle> all = processes();
    assertThat(all)
        .contains(form.toHandle())
        .extracting(one -> one.info().command().orElse(""))
        .anyMatch(command -> command.endsWith("/postgres"))
        .anyMatch(command -> command.contains("/beam"))
        .anyMatch(command -> command.contains("/qemu-system"));
    for (ProcessHandle process : all) {
      mustBeHis(process.pid());
    }
    List<ProcessHandle> guests =
        DemoStage.guestsIn(state.resolve("hosts").resolve(guestsHost)).toList();
    assertThat(guests).hasSize(1);
    mustBeHis(guests.getFirst().pid());
    mustBeLockedIn(guests.getFirst().pid());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state)))
        .isEqualTo("rwx------");
    List<Path> folders = new ArrayList<>(place().hostData().values());
    folders.add(state.resolve("images"));
    for (Path his : folders) {
      assertThat(files(his))
          .contains("d rwx------ " + user, "- rw------- " + user)
          .allSatisfy(file ->
              assertThat(file).matches("[ds] rwx------ %d|- r[w-]------- %<d".formatted(user)));
    }
  }

  /** Services, and what they started: the database and guests leave the family. */
  private List<ProcessHandle> processes() {
    return Stream.concat(
            Stream.concat(Stream.of(form.toHandle()), form.descendants()),
            ProcessHandle.allProcesses()
                .filter(one -> one.info().commandLine().orElse("").contains(state.toString())))
        .distinct()
        .toList();
  }

  private void mustBeHis(long pid) throws IOException {
    Map<String, String> status;
    try {
      status = status(pid);
    } catch (IOException e) {
      if (ProcessHandle.of(pid).isEmpty()) {
        return; // services run small programs
      }
      throw e;
    }
    assertThat(status).containsEntry("Uid", "%1$d %1$d %1$d %1$d".formatted(user));
    for (String capabilities : List.of("CapEff", "CapPrm", "CapInh", "CapAmb")) {
      assertThat(status).containsEntry(capabilities, "0".repeat(16));
    }
  }

  private static void mustBeLockedIn(long pid) throws IOException {
    assertThat(status(pid)).containsEntry("Seccomp", "2").containsEntry("NoNewPrivs", "1");
    List<String> line =
        List.of(Files.readString(proc(pid, "cmdline"), StandardCharsets.UTF_8).split("\0", -1));
    assertThat(line).contains("-sandbox");
    assertThat(line.get(line.indexOf("-sandbox") + 1)).startsWith("on,").contains("spawn=deny");
  }

  private static Path proc(long pid, String file) {
    return Path.of("/proc", Long.toString(pid), file);
  }

  private static Map<String, String> status(long pid) throws IOException {
    return Files.readAllLines(proc(pid, "status")).stream()
        .map(line -> line.split(":", 2))
        .collect(
            Collectors.toMap(part -> part[0], part -> part[1].strip().replaceAll("\\s+", " ")));
  }

  /** Kind, mode and owner of each; a running host makes and removes files. */
  private static List<String> files(Path folder) throws IOException {
    List<String> seen = new ArrayList<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes is)
              throws IOException {
            return visitFile(directory, is);
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes is) throws IOException {
            try {
              PosixFileAttributes of =
                  Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
              String kind = of.isDirectory() ? "d" : of.isOther() ? "s" : "-";
              if (!of.isSymbolicLink()) {
                seen.add(
                    "%s %s %s"
                        .formatted(
                            kind,
                            PosixFilePermissions.toString(of.permissions()),
                            Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS)));
              }
            } catch (NoSuchFileException _) {
              return FileVisitResult.CONTINUE;
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
    return seen;
  }

  /** Ends it as Ctrl-C does, and then its guests. */
  @Override
  public void close() throws IOException {
    form.destroy();
    try {
      if (!form.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException("./tern up does not end: " + Files.readString(printed));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      for (ProcessHandle left : processes()) {
        DemoStage.end(left); // guests, which outlive it, and whatever else
      }
    }
  }
}
