package dev.tern.store;

import dev.tern.contract.ServerId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/** Servers that shall be together, or apart. */
public interface ServerGroupStore {
  /** How the members of a group lie to each other; the soft ones are wishes. */
  enum Policy {
    AFFINITY("affinity"),
    ANTI_AFFINITY("anti-affinity"),
    SOFT_AFFINITY("soft-affinity"),
    SOFT_ANTI_AFFINITY("soft-anti-affinity");

    private final String wire;

    Policy(String wire) {
      this.wire = wire;
    }

    /** As Nova's clients know it. */
    public String wire() {
      return wire;
    }

    public static Optional<Policy> parse(String text) {
      return List.of(values()).stream().filter(each -> each.wire.equals(text)).findFirst();
    }
  }

  /**
   * Makes a group, if the project may have one more; of two at once that would be one too many, one
   * is refused.
   *
   * @param most groups of one project; negative for any number
   * @throws dev.tern.contract.ComputeException {@code QUOTA_EXCEEDED}
   */
  ServerGroupRecord create(NewGroup group, long most);

  Optional<ServerGroupRecord> find(UUID id);

  /** In the order they were made. */
  List<ServerGroupRecord> list(Optional<String> project, int offset, int limit);

  /** False when there is none. Its members stay where they are. */
  boolean delete(UUID id);

  int count(String project);

  /** The groups of servers; those that are in none are not in it. */
  Map<ServerId, UUID> of(List<ServerId> servers);

  /** What of its own a server asks of its host; nothing when there is no such server. */
  PlacementRules rules(ServerId server);

  /**
   * A group to be made.
   *
   * @param mostPerHost members on one host, for {@link Policy#ANTI_AFFINITY} only
   */
  record NewGroup(
      UUID id,
      String project,
      String user,
      String name,
      Policy policy,
      Optional<Integer> mostPerHost) {}

  /**
   * A group.
   *
   * @param members that are not deleted
   */
  record ServerGroupRecord(NewGroup group, List<ServerId> members) {
    public ServerGroupRecord {
      members = List.copyOf(members);
    }
  }
}
