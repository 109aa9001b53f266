package dev.tern.store;

import dev.tern.store.ServerStore.Usage;
import java.util.Map;

/** What projects may have, and what they have. */
public interface QuotaStore {
  /** Unlimited. */
  long UNLIMITED = -1;

  /** What there is a limit for, in the order in which Nova shows them. */
  enum Resource {
    CORES("cores"),
    FIXED_IPS("fixed_ips"),
    FLOATING_IPS("floating_ips"),
    INJECTED_FILE_CONTENT_BYTES("injected_file_content_bytes"),
    INJECTED_FILE_PATH_BYTES("injected_file_path_bytes"),
    INJECTED_FILES("injected_files"),
    INSTANCES("instances"),
    KEY_PAIRS("key_pairs"),
    METADATA_ITEMS("metadata_items"),
    RAM("ram"),
    SECURITY_GROUP_RULES("security_group_rules"),
    SECURITY_GROUPS("security_groups"),
    SERVER_GROUP_MEMBERS("server_group_members"),
    SERVER_GROUPS("server_groups");

    private final String wire;

    Resource(String wire) {
      this.wire = wire;
    }

    /** As Nova's clients know it. */
    public String wire() {
      return wire;
    }
  }

  /**
   * Whose limits: a project's own come before the class {@code default}, and that before the
   * installation's.
   */
  enum Kind {
    PROJECT,
    QUOTA_CLASS
  }

  /** The limits that were set for a project or class; nothing for the others. */
  Map<Resource, Long> set(Kind kind, String owner);

  /** Sets limits; those not named stay as they are. */
  void put(Kind kind, String owner, Map<Resource, Long> limits);

  /** A project has the usual limits again. */
  void forget(String project);

  /**
   * The limits that hold for a project.
   *
   * @param usual the installation's, of every resource
   */
  Map<Resource, Long> limits(String project, Map<Resource, Long> usual);

  /** What the servers of a project that are not deleted add up to. */
  Usage usage(String project);
}
