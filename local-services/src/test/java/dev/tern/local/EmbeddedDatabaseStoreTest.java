package dev.tern.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An embedded database")
class EmbeddedDatabaseStoreTest {
  @TempDir Path folder;

  private static String ask(EmbeddedDatabase database, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  private static void execute(EmbeddedDatabase database, String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(database.jdbcUrl());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void keeps_rows_over_a_restart_and_flushes_what_it_commits() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder)) {
      execute(database, "create table kept (text varchar)");
      execute(database, "insert into kept values ('hello')");
      assertThat(ask(database, "show fsync")).isEqualTo("on");
      assertThat(ask(database, "show synchronous_commit")).isEqualTo("on");
    }
    assertThat(folder.resolve("data/postmaster.pid")).doesNotExist();
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder)) {
      assertThat(ask(database, "select text from kept")).isEqualTo("hello");
    }
  }

  /**
   * Another JVM, which starts the database and dies like one that was killed: no hooks, no closing.
   */
  static final class Dies {
    private Dies() {}

    public static void main(String[] arguments) throws Exception {
      EmbeddedDatabase database = EmbeddedDatabase.start(Path.of(arguments[0]));
      execute(database, "create table kept (text varchar)");
      Runtime.getRuntime().halt(9);
    }
  }

  @Test
  void that_was_left_by_a_killed_process_is_ended_by_the_next() throws Exception {
    Process dies =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Dies.class.getName(),
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(dies.waitFor(90, TimeUnit.SECONDS)).isTrue();
    assertThat(dies.exitValue()).isEqualTo(9);
    long left =
        Long.parseLong(Files.readAllLines(folder.resolve("data/postmaster.pid")).getFirst());
    assertThat(ProcessHandle.of(left)).isPresent();
    try (EmbeddedDatabase next = EmbeddedDatabase.start(folder)) {
      assertThat(ProcessHandle.of(left)).isEmpty();
      assertThat(ask(next, "select count(*) from kept")).isEqualTo("0");
    }
  }

  @Test
  void lets_nobody_in_without_its_password() throws Exception {
    try (EmbeddedDatabase database = EmbeddedDatabase.start(folder)) {
      String url =
          "jdbc:postgresql://127.0.0.1:" + database.port() + "/tern?user=postgres&password=wrong";
      assertThatThrownBy(() -> DriverManager.getConnection(url).close())
          .hasMessageContaining("password authentication failed");
    }
  }

  /** Two with one password, as a copied state directory has it, so that only the folder differs. */
  @Test
  void does_not_take_the_server_of_another_folder_for_its_own(@TempDir Path copied)
      throws Exception {
    try (EmbeddedDatabase other = EmbeddedDatabase.start(folder)) {
      try (EmbeddedDatabase own = EmbeddedDatabase.start(copied)) {
        assertThat(own.port()).isNotEqualTo(other.port());
      }
      Files.copy(
          folder.resolve("password"),
          copied.resolve("password"),
          StandardCopyOption.REPLACE_EXISTING);

      assertThatThrownBy(() -> EmbeddedDatabase.start(copied, other.port()).close())
          .isInstanceOf(IOException.class)
          .hasMessage("Another PostgreSQL answers at port %d.".formatted(other.port()));

      assertThat(ask(other, "select 1")).isEqualTo("1");
    }
  }
}
