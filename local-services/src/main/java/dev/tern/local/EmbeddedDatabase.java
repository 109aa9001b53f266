package dev.tern.local;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL of one's own, from a library's binaries: persistent, with fsync and synchronous
 * commit on, a password, and 127.0.0.1 only. Works as root and as anyone else.
 */
public final class EmbeddedDatabase implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedDatabase.class);
  private static final int PORTS = 3;
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(20);
  private static final String NAME = "tern";

  /**
   * Passwords only, and over loopback only; written after the first start, which has to trust in
   * order to set one.
   */
  private static final String ONLY_WITH_PASSWORD =
      """
      host all all 127.0.0.1/32 scram-sha-256
      host all all ::1/128 scram-sha-256
      """;

  private final EmbeddedPostgres postgres;
  private final Path data;
  private final int port;
  private final String password;

  private EmbeddedDatabase(EmbeddedPostgres postgres, Path data, int port, String password) {
    this.postgres = postgres;
    this.data = data;
    this.port = port;
    this.password = password;
  }

  /**
   * Starts it on a free port and returns when it answers. The server a killed process left running
   * in the same folder is ended first: the library would go on with it, whatever its flags.
   *
   * @throws IOException saying why it does not start; then nothing is left running
   */
  public static EmbeddedDatabase start(Path directory) throws IOException {
    for (int tried = 1; ; tried++) {
      try {
        return start(directory, freePort());
      } catch (AnothersPortException e) {
        // Between the look and the start somebody else's server took it.
        if (tried >= PORTS) {
          throw e;
        }
        log.atWarn().setCause(e).log("another port is tried");
      }
    }
  }

  /** Another server answers at the port; nothing was done to that. */
  private static final class AnothersPortException extends IOException {
    private static final long serialVersionUID = 1L;

    AnothersPortException(int port) {
      super("Another PostgreSQL answers at port %d.".formatted(port));
    }
  }

  /** As {@link #start(Path)}, on a port of one's choice: for clients that know where it was. */
  public static EmbeddedDatabase start(Path directory, int port) throws IOException {
    Path folder = directory.toAbsolutePath().normalize();
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    Path data = folder.resolve("data");
    endLeftover(folder);
    String password = password(folder);
    EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setRegisterShutdownHook(false)
            .setPort(port)
            .setPGStartupWait(START)
            .setOverrideWorkingDirectory(binaries(folder).toFile())
            .setConnectConfig("password", password)
            .setServerConfig("listen_addresses", "127.0.0.1")
            .setServerConfig("unix_socket_directories", "")
            // The library passes -F; these win over it.
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("max_connections", "200")
            .setServerConfig("shared_buffers", "64MB")
            .setOutputRedirector(
                ProcessBuilder.Redirect.appendTo(folder.resolve("postgresql.log").toFile()))
            .setErrorRedirector(
                ProcessBuilder.Redirect.appendTo(folder.resolve("postgresql.log").toFile()))
            .start();
    EmbeddedDatabase started = new EmbeddedDatabase(postgres, data, port, password);
    try {
      started.secure(data);
    } catch (AnothersPortException e) {
      try {
        started.close(); // it has ended by itself, which may be a failure to close it
      } catch (IOException closing) {
        e.addSuppressed(closing);
      }
      throw e;
    } catch (SQLException e) {
      started.close();
      throw new IOException("The database started and does not answer: " + e.getMessage(), e);
    }
    log.atInfo().addKeyValue("port", port).log("embedded database started");
    return started;
  }

  /** Ends the server a killed process left running in this folder, if there is one. */
  public static void endLeftover(Path directory) throws IOException {
    Path data = directory.toAbsolutePath().normalize().resolve("data");
    Optional<Leftover> leftover = Leftover.find(data.resolve("postmaster.pid"), data);
    if (leftover.isPresent()) {
      log.atWarn()
          .addKeyValue("pid", leftover.get().process().pid())
          .log("ending a PostgreSQL that an earlier run left");
      leftover.get().end();
    }
  }

  /**
   * Unpacked once per state directory, not under the system's temporary one, which others can write
   * to.
   */
  private static Path binaries(Path folder) throws IOException {
    return Files.createDirectories(folder.resolve("binaries"));
  }

  private static String password(Path folder) throws IOException {
    Path file = folder.resolve("password");
    if (!Files.exists(file)) {
      byte[] random = new byte[16];
      new SecureRandom().nextBytes(random);
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, HexFormat.of().formatHex(random));
    }
    return Files.readString(file).strip();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void secure(Path data) throws SQLException, IOException {
    Path rules = data.resolve("pg_hba.conf");
    try (Connection connection = DriverManager.getConnection(url("postgres"));
        Statement statement = connection.createStatement()) {
      requireOurs(statement, data);
      if (Files.readString(rules).equals(ONLY_WITH_PASSWORD)) {
        return;
      }
      // The password is hexadecimal, made above: nothing to escape.
      statement.execute("ALTER USER postgres PASSWORD '" + password + "'");
      statement.execute("CREATE DATABASE " + NAME);
      Files.writeString(rules, ONLY_WITH_PASSWORD);
      statement.execute("SELECT pg_reload_conf()");
    }
  }

  private void requireOurs(Statement statement, Path data) throws SQLException, IOException {
    try (ResultSet found = statement.executeQuery("SHOW data_directory")) {
      if (!found.next() || !Path.of(found.getString(1)).toRealPath().equals(data.toRealPath())) {
        throw new AnothersPortException(port);
      }
    }
  }

  private String url(String database) {
    return "jdbc:postgresql://127.0.0.1:%d/%s?user=postgres&password=%s"
        .formatted(port, database, password);
  }

  /** With user and password; keep it out of logs. */
  public String jdbcUrl() {
    return url(NAME);
  }

  public int port() {
    return port;
  }

  /** The server's process, whose children the others are; empty when it has ended. */
  public Optional<Long> pid() throws IOException {
    return Leftover.find(data.resolve("postmaster.pid"), data).map(found -> found.process().pid());
  }

  /** For people: where it is, without the password. */
  public String describe() {
    return "on 127.0.0.1:" + port;
  }

  /**
   * Kills the server as a loss of power would: nothing is flushed. Returns when its processes are
   * gone; {@link #start(Path, int)} in the same folder has all that was committed.
   */
  public void kill() throws IOException {
    Optional<Leftover> server = Leftover.find(data.resolve("postmaster.pid"), data);
    if (server.isEmpty()) {
      return;
    }
    ProcessHandle postmaster = server.get().process();
    List<ProcessHandle> all =
        Stream.concat(Stream.of(postmaster), postmaster.descendants()).toList();
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle process : all) {
      try {
        var _ = process.onExit().get(STOP.toSeconds(), TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while the database was killed", e);
      } catch (ExecutionException | TimeoutException e) {
        throw new IOException("The database's process " + process.pid() + " does not end.", e);
      }
    }
    postgres.close(); // the library holds a lock on the folder
  }

  /** Stops the server; returns when it is gone. */
  @Override
  public void close() throws IOException {
    postgres.close();
  }
}
