package dev.tern.contract.host;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.tern.contract.Failure;
import dev.tern.contract.MigrationId;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentResult.DestinationFacts;
import dev.tern.contract.agent.AgentResult.GuestReport.Runner;
import java.time.Duration;
import java.time.Instant;
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

  /**
   * What is on a host, as far as its agent can see.
   *
   * @param guests every server with a directory here
   * @param objects what is no server's own for good: there while a migration is under way, or
   *     nobody's
   * @param receipts of migrations that have something open here; an empty one is damaged
   * @param leftOff objects and receipts that were seen and are not named, for there are too many
   */
  record Stock(
      List<GuestInStock> guests,
      List<ObjectInStock> objects,
      List<ReceiptInStock> receipts,
      int leftOff)
      implements HostAnswer {
    public Stock {
      guests = List.copyOf(guests);
      objects = List.copyOf(objects);
      receipts = List.copyOf(receipts);
    }
  }

  /**
   * One server's directory on a host.
   *
   * @param since when its journal was written last, or else its directory
   * @param detail for people; empty when there is nothing to say
   */
  record GuestInStock(ServerId server, Runner runner, Optional<Instant> since, String detail) {}

  /**
   * Something on a host.
   *
   * @param server whose it is by its name; empty when that says nothing
   * @param name a path below the host's data directory, or what QEMU or the kernel calls it
   * @param since when a file was changed last, or a process was started, where that is known
   */
  record ObjectInStock(
      ReceiptEntry.Kind kind, String name, Optional<ServerId> server, Optional<Instant> since) {}

  /**
   * A migration's receipt that is not settled.
   *
   * @param server empty when the receipt is damaged
   * @param receipt its open entries alone
   */
  record ReceiptInStock(MigrationId migration, Optional<ServerId> server, Receipt receipt) {}

  record ProbeEnded() implements HostAnswer {}

  /** The guest could come. */
  record ArrivalChecked(DestinationFacts facts) implements HostAnswer {}

  /** How much guests write; those that could not be watched are not named. */
  record WritesWatched(Map<ServerId, GuestWrites> writes) implements HostAnswer {
    public WritesWatched {
      writes = Map.copyOf(writes);
    }
  }

  /**
   * How much a guest writes.
   *
   * @param memory bytes a second of different memory; empty when that cannot be said
   * @param reason why it cannot; empty when it can
   * @param disk bytes a second, to all disks together
   */
  record GuestWrites(Optional<Long> memory, String reason, long disk) {}

  /** Not done, and why. */
  record Refused(Failure failure) implements HostAnswer {}
}
