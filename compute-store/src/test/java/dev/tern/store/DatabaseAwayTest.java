package dev.tern.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.dao.InvalidDataAccessApiUsageException;
import org.springframework.dao.UncategorizedDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;

@DisplayName("A failure of the database")
class DatabaseAwayTest {
  private static UncategorizedDataAccessException with(String state) {
    return new UncategorizedDataAccessException(
        "uncategorized", new SQLException("as PostgreSQL says it", state)) {
      private static final long serialVersionUID = 1L;
    };
  }

  static Stream<RuntimeException> passing() {
    return Stream.of(
        new DataAccessResourceFailureException("connection refused"),
        new CannotCreateTransactionException(
            "no connection", new SQLTransientConnectionException("the pool waited for 5 s")),
        new CannotAcquireLockException("deadlock"),
        new TransactionSystemException(
            "could not commit",
            new PSQLException("the backend went away", PSQLState.CONNECTION_FAILURE)),
        with("57P01"),
        with("57P03"),
        with("53300"),
        with("40001"));
  }

  static Stream<RuntimeException> staying() {
    return Stream.of(
        new DataIntegrityViolationException(
            "a row twice", new PSQLException("duplicate key", PSQLState.UNIQUE_VIOLATION)),
        new InvalidDataAccessApiUsageException("no transaction"),
        with("42703"),
        with("22001"),
        with("5"),
        new IllegalStateException("a row that was edited by hand"));
  }

  @ParameterizedTest
  @MethodSource("passing")
  @Tag("S120")
  void passes_when_the_database_is_away_or_busy(RuntimeException thrown) {
    assertThat(DatabaseAway.is(thrown)).isTrue();
  }

  @ParameterizedTest
  @MethodSource("staying")
  @Tag("S120")
  void comes_again_when_the_database_refused(RuntimeException thrown) {
    assertThat(DatabaseAway.is(thrown)).isFalse();
  }

  @Test
  void that_has_no_state_and_is_its_own_cause_ends_the_search() {
    SQLException first = new SQLException("without a state");
    RuntimeException second = new IllegalStateException(first);
    first.initCause(second);

    assertThat(DatabaseAway.is(second)).isFalse();
  }
}
