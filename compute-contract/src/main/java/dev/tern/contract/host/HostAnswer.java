package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.Failure;
import dev.tern.contract.ServerId;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a host says of itself. */
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "type")
public sealed interface HostAnswer {

  record Exports(List<Export> exports) implements HostAnswer {
    public Exports {
      exports = List.copyOf(exports);
    }
  }

  /**
   * One NBD export, as an NBD client sees it.
   *
   * @param sizeBytes what the client may address
   * @param flags of the export, in {@code qemu-nbd}'s words: {@code readonly}, {@code flush}, …
   * @param contexts metadata contexts it offers, e.g. {@code base:allocation}
   * @param clients connections that are open on its port
   */
  record Export(
      ServerId server,
      String disk,
      String name,
      String address,
      int port,
      boolean tls,
      long sizeBytes,
      List<String> flags,
      List<String> contexts,
      int clients) {
    public Export {
      flags = List.copyOf(flags);
      contexts = List.copyOf(contexts);
    }
  }

  /**
   * @param first of the range, inclusive
   * @param last of the range, inclusive
   */
  record Ports(String address, int first, int last, List<PortInUse> used) implements HostAnswer {
    public Ports {
      used = List.copyOf(used);
    }
  }

  /**
   * @param server who has it; empty when it is no server's of this host
   * @param purpose {@code disks}, {@code memory}, or {@code unknown}
   */
  record PortInUse(int port, Optional<ServerId> server, String purpose) {}

  /**
   * @param recipe of the guest that would be sent, as the agents read it
   * @param publicKey empty where streams are plaintext
   */
  record ProbeOffered(String recipe, Optional<String> publicKey) implements HostAnswer {}

  /**
   * @param exports per disk id, as an arriving guest's
   * @param publicKey empty where streams are plaintext
   */
  record ProbeOpen(
      String address,
      int nbdPort,
      int migrationPort,
      Map<String, String> exports,
      Optional<String> publicKey)
      implements HostAnswer {
    public ProbeOpen {
      exports = Map.copyOf(exports);
    }
  }

  /**
   * Both streams work.
   *
   * @param disk from the first connection until the mirror was ready
   * @param memory from {@code migrate} until all was sent
   */
  record ProbeRan(boolean tls, Duration disk, Duration memory) implements HostAnswer {}

  /**
   * What a host made for a migration.
   *
   * @param revision rises with each change; of two answers the higher one is newer
   * @param damaged why the host cannot read its own record; it is left for an operator, and {@code
   *     entries} is empty
   */
  record Receipt(long revision, List<ReceiptEntry> entries, Optional<String> damaged)
      implements HostAnswer {
    public Receipt {
      entries = List.copyOf(entries);
    }

    /** Whether nothing is left to find out. */
    public boolean settled() {
      return damaged.isEmpty() && entries.stream().noneMatch(ReceiptEntry::open);
    }
  }

  record ProbeEnded() implements HostAnswer {}

  /** Not done, and why. */
  record Refused(Failure failure) implements HostAnswer {}
}
