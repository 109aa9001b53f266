package dev.tern.store;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.CannotCreateTransactionException;

/**
 * Tells a database that cannot be reached, or is too busy, from one that refuses what it was told:
 * the first passes by itself, the second comes again however often it is tried.
 */
public final class DatabaseAway {
  // Appendix A of PostgreSQL's manual: connection, resources, operator intervention, and a
  // transaction that was rolled back because of another one.
  private static final Set<String> PASSING = Set.of("08", "53", "57", "40");

  private DatabaseAway() {}

  /** Whether what was thrown says that the database cannot answer now. */
  public static boolean is(Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (@Nullable Throwable at = thrown; at != null && seen.add(at); at = at.getCause()) {
      if (passes(at)) {
        return true;
      }
    }
    return false;
  }

  private static boolean passes(Throwable one) {
    return switch (one) {
      case TransientDataAccessException _,
          RecoverableDataAccessException _,
          DataAccessResourceFailureException _,
          CannotCreateTransactionException _,
          SQLTransientException _,
          SQLRecoverableException _,
          SQLNonTransientConnectionException _ ->
          true;
      case SQLException sql -> sql.getSQLState() != null && passes(sql.getSQLState());
      default -> false;
    };
  }

  private static boolean passes(String state) {
    return state.length() == 5 && PASSING.contains(state.substring(0, 2));
  }
}
