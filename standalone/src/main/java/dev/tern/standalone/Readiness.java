package dev.tern.standalone;

import dev.tern.contract.Pause;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;

/**
 * Waits until the API answers and hosts have reported themselves, so that the first request a user
 * types finds somewhere to go. Hosts are counted in the database: the API tells of them only to
 * administrators, and who is one may be known to a Keystone alone.
 */
final class Readiness {
  private static final Duration DEADLINE = Duration.ofMinutes(5);
  private static final Duration LOOK = Duration.ofMillis(250);

  private final URI api;
  private final String db;
  private final Timestamp since;
  private final Pause pause;
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

  private Readiness(URI api, String db, Timestamp since, Pause pause) {
    this.api = api;
    this.db = db;
    this.since = since;
    this.pause = pause;
  }

  /**
   * Of hosts that report themselves from now on.
   *
   * @param db the database, migrated
   */
  static Readiness from(URI api, String db, Pause pause) throws IOException {
    try (Connection connection = DriverManager.getConnection(db);
        PreparedStatement query = connection.prepareStatement("select now()");
        ResultSet row = query.executeQuery()) {
      row.next();
      return new Readiness(api, db, row.getTimestamp(1), pause);
    } catch (SQLException e) {
      throw new IOException("The database does not answer: " + e.getMessage(), e);
    }
  }

  /**
   * Returns when {@code count} hosts are up.
   *
   * @throws IOException naming what there was last
   */
  void awaitHosts(int count) throws IOException, InterruptedException {
    long end = System.nanoTime() + DEADLINE.toNanos();
    String last = "nothing";
    while (System.nanoTime() < end) {
      try {
        // Its versions, which it tells to everybody.
        HttpResponse<String> answer =
            http.send(
                HttpRequest.newBuilder(api).timeout(Duration.ofSeconds(5)).build(),
                BodyHandlers.ofString());
        int reported = reported();
        if (answer.statusCode() / 100 < 4 && reported >= count) {
          return;
        }
        last = "%d hosts; the API answers %d".formatted(reported, answer.statusCode());
      } catch (IOException | SQLException e) {
        // Not listening yet; what it says at the deadline is reported.
        last = String.valueOf(e.getMessage());
      }
      pause.of(LOOK);
    }
    throw new IOException(
        "%d hosts were not up within %d s; there was last: %s"
            .formatted(count, DEADLINE.toSeconds(), last));
  }

  private int reported() throws SQLException {
    try (Connection connection = DriverManager.getConnection(db);
        PreparedStatement query =
            connection.prepareStatement("select count(*) from hosts where last_seen >= ?")) {
      query.setTimestamp(1, since);
      try (ResultSet row = query.executeQuery()) {
        row.next();
        return row.getInt(1);
      }
    }
  }
}
