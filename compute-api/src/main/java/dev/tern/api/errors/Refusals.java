package dev.tern.api.errors;

import dev.tern.api.policy.Rules;
import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.contract.ServerId;
import org.jspecify.annotations.Nullable;

/** Refusals in the words that Nova's clients know, by name. */
public final class Refusals {
  private Refusals() {}

  public static ComputeException invalid(String message) {
    return new ComputeException(ErrorCode.INVALID_INPUT, message, null);
  }

  public static ComputeException invalidField(String field, @Nullable Object value, String reason) {
    return invalid(
        "Invalid input for field/attribute %s. Value: %s. %s"
            .formatted(field, shortened(value), reason));
  }

  public static ComputeException invalidQuery(String parameter, String reason) {
    return invalid("Invalid input for query parameters %s. %s".formatted(parameter, reason));
  }

  public static ComputeException malformed() {
    return new ComputeException(ErrorCode.MALFORMED_REQUEST, "Malformed request body", null);
  }

  public static ComputeException noServer(Object id) {
    return new ComputeException(
        ErrorCode.INSTANCE_NOT_FOUND,
        "Instance %s could not be found.".formatted(shortened(id)),
        null);
  }

  public static ComputeException noFlavor(String id) {
    return new ComputeException(
        ErrorCode.FLAVOR_NOT_FOUND, "Flavor %s could not be found.".formatted(shortened(id)), null);
  }

  public static ComputeException noImage(String id) {
    return new ComputeException(
        ErrorCode.IMAGE_NOT_FOUND, "No image found with ID %s".formatted(shortened(id)), null);
  }

  public static ComputeException noComputeHost(String host) {
    return new ComputeException(
        ErrorCode.COMPUTE_HOST_NOT_FOUND,
        "Compute host %s could not be found.".formatted(shortened(host)),
        null);
  }

  public static ComputeException noMigration(Object id, Object server) {
    return new ComputeException(
        ErrorCode.MIGRATION_NOT_FOUND,
        "Migration %s for server %s could not be found."
            .formatted(shortened(id), shortened(server)),
        null);
  }

  public static ComputeException toSelf(ServerId server, HostName host) {
    return new ComputeException(
        ErrorCode.UNABLE_TO_MIGRATE_TO_SELF,
        "Unable to migrate instance (%s) to current host (%s).".formatted(server, host),
        null);
  }

  public static ComputeException wrongState(
      String action, ServerId server, String attribute, String state) {
    return new ComputeException(
        ErrorCode.INSTANCE_INVALID_STATE,
        "Cannot '%s' instance %s while it is in %s %s".formatted(action, server, attribute, state),
        null);
  }

  public static ComputeException locked(ServerId server) {
    return new ComputeException(
        ErrorCode.INSTANCE_IS_LOCKED, "Instance %s is locked".formatted(server), null);
  }

  public static ComputeException forbidden(String rule) {
    return new ComputeException(
        ErrorCode.FORBIDDEN,
        "Policy doesn't allow %s to be performed.".formatted(Rules.full(rule)),
        null);
  }

  public static ComputeException noMarker(String marker) {
    return invalid("marker [%s] not found".formatted(shortened(marker)));
  }

  /** What a client sent goes back to it, but not without end and not with control characters. */
  public static String shortened(@Nullable Object value) {
    String text = String.valueOf(value);
    String cut = text.length() <= 255 ? text : text.substring(0, 255) + "...";
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
