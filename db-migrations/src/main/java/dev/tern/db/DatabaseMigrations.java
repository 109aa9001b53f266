package dev.tern.db;

import java.util.Locale;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/** Brings a database to the schema this version of Tern needs. */
public final class DatabaseMigrations {
  private static final int CONNECT_RETRIES = 5;

  private DatabaseMigrations() {}

  /**
   * Applies what is missing. When it returns, the schema is this version's. Safe when several run
   * at once: Flyway holds a lock in the database, and the others find nothing left to do.
   *
   * @param url a JDBC URL of PostgreSQL
   * @param user with {@code password}: null where the URL holds them
   * @return how many migrations were applied now
   * @throws DatabaseNotMigratedException when the database is not PostgreSQL, cannot be reached,
   *     was migrated by a newer version or by hand, or a migration fails; a failed migration leaves
   *     nothing of itself
   */
  public static int migrate(String url, @Nullable String user, @Nullable String password) {
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new DatabaseNotMigratedException(
          "The database URL must begin with jdbc:postgresql:, for example"
              + " jdbc:postgresql://127.0.0.1:5432/tern.",
          null);
    }
    try {
      return Flyway.configure(DatabaseMigrations.class.getClassLoader())
          .dataSource(url, user, password)
          .locations("classpath:db/migration")
          .connectRetries(CONNECT_RETRIES)
          .connectRetriesInterval(1)
          .validateMigrationNaming(true)
          .load()
          .migrate()
          .migrationsExecuted;
    } catch (FlywayException e) {
      String cause = String.valueOf(e.getMessage()).replace(url, withoutParameters(url));
      throw new DatabaseNotMigratedException(
          "The database %s was not migrated: %s"
              .formatted(withoutParameters(url), cause.lines().findFirst().orElse("")),
          e);
    }
  }

  /** A URL's parameters may hold a password. */
  private static String withoutParameters(String url) {
    int parameters = url.indexOf('?');
    return parameters < 0 ? url : url.substring(0, parameters);
  }

  /**
   * Migrates the database named by {@code TERN_DB_URL}, {@code TERN_DB_USER} and {@code
   * TERN_DB_PASSWORD}, or by the system properties {@code tern.db.url}, {@code tern.db.user} and
   * {@code tern.db.password}, which win. Exits 0 when the schema is there, 1 with one sentence when
   * not.
   */
  public static void main(String[] arguments) {
    try {
      int applied =
          migrate(setting("TERN_DB_URL"), setting("TERN_DB_USER"), setting("TERN_DB_PASSWORD"));
      System.out.println("The database is up to date; migrations applied now: " + applied);
    } catch (DatabaseNotMigratedException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static String setting(String variable) {
    return setting(variable, System.getenv());
  }

  /**
   * The setting of that name.
   *
   * @throws DatabaseNotMigratedException when it is neither a property nor in the environment
   */
  static String setting(String variable, Map<String, String> environment) {
    String property = propertyOf(variable);
    @Nullable String value = System.getProperty(property, environment.get(variable));
    if (value == null) {
      throw new DatabaseNotMigratedException(
          "Set %s (or the system property %s); the database is migrated with TERN_DB_URL,"
                  .formatted(variable, property)
              + " TERN_DB_USER and TERN_DB_PASSWORD.",
          null);
    }
    return value;
  }

  private static String propertyOf(String variable) {
    return variable.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /** The database is not at this version's schema; the message says why and what to do. */
  public static final class DatabaseNotMigratedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DatabaseNotMigratedException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
