package dev.tern.db;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.db.DatabaseMigrations.DatabaseNotMigratedException;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The database runner")
class DatabaseMigrationsTest {
  @Test
  void names_the_setting_that_is_missing() {
    assertThatThrownBy(() -> DatabaseMigrations.setting("TERN_DB_URL", Map.of()))
        .isInstanceOf(DatabaseNotMigratedException.class)
        .hasMessageContaining("Set TERN_DB_URL (or the system property tern.db.url)");
  }

  @Test
  void reads_its_settings_from_the_environment() {
    assertThat(DatabaseMigrations.setting("TERN_DB_USER", Map.of("TERN_DB_USER", "tern")))
        .isEqualTo("tern");
  }

  @Test
  void refuses_a_database_that_is_not_postgresql() {
    assertThatThrownBy(() -> DatabaseMigrations.migrate("jdbc:h2:mem:x", "u", "p"))
        .isInstanceOf(DatabaseNotMigratedException.class)
        .hasMessageContaining("jdbc:postgresql:");
  }
}
