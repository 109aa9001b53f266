package dev.tern.store;

import dev.tern.db.DatabaseMigrations;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/**
 * A PostgreSQL database with the schema in it. One server for the JVM, one database for each of
 * these: hold it in a static field with {@code @RegisterExtension}.
 *
 * <p>The server does not flush to disk (nothing here outlives the JVM) and ends with the JVM.
 */
public final class StoreTestDatabase implements AfterAllCallback, Stores {
  private static final String USER = "postgres";
  private static final String TEMPLATE = "tern_template";
  private static final AtomicInteger COUNT = new AtomicInteger();

  private final String name = "tern_" + COUNT.incrementAndGet();
  private @Nullable String url;
  private @Nullable ConfigurableApplicationContext context;

  /** The server, with the migrated template that every database is copied from. */
  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        run(postgres, "create database " + TEMPLATE);
        DatabaseMigrations.migrate(postgres.getJdbcUrl(USER, TEMPLATE), USER, USER);
        return postgres;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    static synchronized void copy(String name) {
      run(POSTGRES, "create database %s template %s".formatted(name, TEMPLATE));
    }

    private static void run(EmbeddedPostgres postgres, String sql) {
      try (Connection connection =
              DriverManager.getConnection(postgres.getJdbcUrl(USER, USER), USER, USER);
          Statement statement = connection.createStatement()) {
        statement.execute(sql);
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Made when it is first asked for. */
  public synchronized String url() {
    String known = url;
    if (known == null) {
      Server.copy(name);
      known = Server.POSTGRES.getJdbcUrl(USER, name);
      url = known;
    }
    return known;
  }

  public String user() {
    return USER;
  }

  public String password() {
    return USER;
  }

  /** A connection beside the stores, for looking and for breaking things. */
  public Connection connect() throws SQLException {
    return DriverManager.getConnection(url(), USER, USER);
  }

  @Configuration(proxyBeanMethods = false)
  @ImportAutoConfiguration({
    DataSourceAutoConfiguration.class,
    HibernateJpaAutoConfiguration.class,
    TransactionAutoConfiguration.class
  })
  @Import(StoreConfiguration.class)
  static class Application {}

  private synchronized <T> T bean(Class<T> type) {
    ConfigurableApplicationContext running = context;
    if (running == null) {
      running =
          new SpringApplicationBuilder(Application.class)
              .web(WebApplicationType.NONE)
              .bannerMode(Banner.Mode.OFF)
              .properties(
                  "spring.datasource.url=" + url(),
                  "spring.datasource.username=" + USER,
                  "spring.datasource.password=" + USER,
                  "spring.datasource.hikari.maximum-pool-size=20",
                  "logging.level.root=WARN")
              .run();
      context = running;
    }
    return running.getBean(type);
  }

  @Override
  public void afterAll(ExtensionContext test) {
    // Called for nested classes too, and the next one of them goes on with the same database.
    if (!test.getRequiredTestClass().isAnnotationPresent(Nested.class)) {
      disconnect();
    }
  }

  /** Ends the stores' connections; they come back when a store is asked for. */
  synchronized void disconnect() {
    if (context != null) {
      context.close();
      context = null;
    }
  }

  @Override
  public ServerStore servers() {
    return bean(ServerStore.class);
  }

  @Override
  public ServerEditStore edits() {
    return bean(ServerEditStore.class);
  }

  @Override
  public MigrationStore migrations() {
    return bean(MigrationStore.class);
  }

  @Override
  public SagaStore sagas() {
    return bean(SagaStore.class);
  }

  @Override
  public ActionStore actions() {
    return bean(ActionStore.class);
  }

  @Override
  public HostStore hosts() {
    return bean(HostStore.class);
  }

  @Override
  public ClaimStore claims() {
    return bean(ClaimStore.class);
  }

  @Override
  public FlavorStore flavors() {
    return bean(FlavorStore.class);
  }

  @Override
  public ImageStore images() {
    return bean(ImageStore.class);
  }

  @Override
  public DiskCopyStore copies() {
    return bean(DiskCopyStore.class);
  }

  @Override
  public VolumeStore volumes() {
    return bean(VolumeStore.class);
  }

  @Override
  public FenceStore fences() {
    return bean(FenceStore.class);
  }

  @Override
  public ColdMigrationStore coldMigrations() {
    return bean(ColdMigrationStore.class);
  }

  @Override
  public EvacuationStore evacuations() {
    return bean(EvacuationStore.class);
  }

  @Override
  public ReceiptStore receipts() {
    return bean(ReceiptStore.class);
  }

  @Override
  public DecisionStore decisions() {
    return bean(DecisionStore.class);
  }

  /** Real databases only: triggers fill it. */
  @Override
  public AuditTrailStore auditTrail() {
    return bean(AuditTrailStore.class);
  }

  ClusterFiguresStore clusterFigures() {
    return bean(ClusterFiguresStore.class);
  }

  public NotificationStore notifications() {
    return bean(NotificationStore.class);
  }

  /** Real databases only: triggers fill it. */
  public ChangeStore changes() {
    return bean(ChangeStore.class);
  }

  @Override
  public DrainStore drains() {
    return bean(DrainStore.class);
  }

  @Override
  public KeyPairStore keyPairs() {
    return bean(KeyPairStore.class);
  }

  @Override
  public QuotaStore quotas() {
    return bean(QuotaStore.class);
  }

  @Override
  public ServerGroupStore groups() {
    return bean(ServerGroupStore.class);
  }

  @Override
  public UsageStore usage() {
    return bean(UsageStore.class);
  }

  @Override
  public AggregateStore aggregates() {
    return bean(AggregateStore.class);
  }

  @Override
  public OutboxStore outbox() {
    return bean(OutboxStore.class);
  }

  @Override
  public TokenStore tokens() {
    return bean(TokenStore.class);
  }

  @Override
  public IdempotencyStore idempotency() {
    return bean(IdempotencyStore.class);
  }

  @Override
  public DeadLetterStore deadLetters() {
    return bean(DeadLetterStore.class);
  }

  /** The database's clock cannot be moved, so what it is compared with is. */
  @Override
  public void pass(Duration time) {
    for (String column :
        new String[] {
          "sagas.leased_until",
          "outbox.taken_until",
          "hosts.last_seen",
          "service_beats.last_seen",
          "claims.released_at",
          "idempotency_keys.held_until",
          "idempotency_keys.expires_at",
          "dead_letters.found_at",
          "migrations.created_at",
          "drains.created_at"
        }) {
      String[] parts = column.split("\\.");
      String sql =
          "update %s set %s = %2$s - make_interval(secs => ?) where %2$s is not null"
              .formatted(parts[0], parts[1]);
      try (Connection connection = connect();
          PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.setDouble(1, time.toNanos() / 1e9);
        statement.executeUpdate();
      } catch (SQLException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
