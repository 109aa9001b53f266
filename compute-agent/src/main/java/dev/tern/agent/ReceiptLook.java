package dev.tern.agent;

import dev.tern.agent.LedgerEntry.Ended;
import dev.tern.agent.LedgerEntry.Made;
import dev.tern.agent.LedgerEntry.Thing;
import dev.tern.contract.ComputeException;
import dev.tern.contract.host.ReceiptEntry.End;
import dev.tern.contract.host.ReceiptEntry.Kind;
import dev.tern.virt.Guest;
import dev.tern.virt.LayerTransfer;
import dev.tern.virt.MigrationObjects;
import dev.tern.virt.VirtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the objects of a ledger on the disk, in QEMU and at the kernel, and writes down what
 * has changed. Where it cannot be seen whether an object is there, nothing is written.
 */
final class ReceiptLook {
  private static final Logger log = LoggerFactory.getLogger(ReceiptLook.class);

  private final Instances instances;
  private final Reservations reservations;
  private final LayerTransfer transfer;
  private final Path secrets;
  private final Clock clock;

  ReceiptLook(
      Instances instances,
      Reservations reservations,
      LayerTransfer transfer,
      Path secrets,
      Clock clock) {
    this.instances = instances;
    this.reservations = reservations;
    this.transfer = transfer;
    this.secrets = secrets;
    this.clock = clock;
  }

  /**
   * Looks once.
   *
   * @param idle nobody makes anything for the migration now, so what is not there will not be
   * @param why what has gone went; empty when it went its usual way
   */
  void at(Ledger ledger, boolean idle, Optional<String> why) throws IOException {
    View view = new View(ledger);
    List<LedgerEntry> news = new ArrayList<>();
    for (Ledger.Item item : ledger.items()) {
      if (item.open()) {
        try {
          news.addAll(news(item, view, idle, why));
        } catch (IOException | VirtException | ComputeException e) {
          log.atInfo()
              .addKeyValue("server", ledger.server())
              .addKeyValue("object", item.thing().name())
              .setCause(e)
              .log("whether an object is there is not known");
        }
      }
    }
    ledger.append(news);
  }

  private List<LedgerEntry> news(Ledger.Item item, View view, boolean idle, Optional<String> why)
      throws IOException, VirtException {
    List<LedgerEntry> news = new ArrayList<>();
    if (view.there(item.thing())) {
      if (item.madeAt().isEmpty()) {
        news.add(new Made(item.number(), clock.instant()));
      }
      if (view.stays(item.thing(), idle)) {
        news.add(new Ended(item.number(), End.KEPT, clock.instant(), Optional.empty()));
      }
    } else if (item.madeAt().isPresent()) {
      news.add(new Ended(item.number(), End.REMOVED, clock.instant(), why));
    } else if (idle) {
      news.add(new Ended(item.number(), End.NOT_MADE, clock.instant(), Optional.empty()));
    }
    return news;
  }

  /** One look: QEMU is asked once, and only when something of it is looked for. */
  private final class View {
    private final Ledger ledger;
    private final Instance instance;
    private boolean looked;
    private Optional<Guest> guest = Optional.empty();
    private @Nullable MigrationObjects objects;

    View(Ledger ledger) {
      this.ledger = ledger;
      this.instance = instances.of(ledger.server());
    }

    boolean there(Thing thing) throws IOException, VirtException {
      return switch (thing.place()) {
        case DATA, HOST -> exists(instances.directories().data().resolve(thing.name()));
        case SERVER -> !taken() && exists(instances.directories().data().resolve(thing.name()));
        case SECRETS -> exists(secrets.resolve(thing.name()));
        case ROOM ->
            reservations.present().stream()
                .anyMatch(room ->
                    room.server().equals(ledger.server()) && room.epoch() == ledger.epoch());
        case QEMU -> !taken() && guest().isPresent();
        case IN_QEMU, IN_GUEST -> !taken() && inQemu(thing);
        case RECEIVER -> exists(receiving()) && transfer.isOpen(receiving());
      };
    }

    private static boolean exists(Path path) {
      return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
    }

    private Path receiving() {
      return instances.directories().receiving().resolve(ledger.server().toString());
    }

    /** A younger migration brings the server here, or has: what it found it has removed. */
    private boolean taken() throws IOException {
      Standing standing = instance.standing();
      return standing.came().epoch() > ledger.epoch()
          || (standing.epoch() > ledger.epoch()
              && switch (standing.place()) {
                case RECEIVING, INCOMING -> true;
                case NOTHING, DEFINED, RUNNING, STOPPED, SUSPENDED, HANDED_OVER, DEAD, RETIRED ->
                    false;
              });
    }

    private Optional<Guest> guest() throws IOException, VirtException {
      if (!looked) {
        guest = instance.guest();
        looked = true;
      }
      return guest;
    }

    private boolean inQemu(Thing thing) throws IOException, VirtException {
      Optional<Guest> running = guest();
      if (running.isEmpty()) {
        return false;
      }
      MigrationObjects has = objects;
      if (has == null) {
        has = running.get().migrationObjects();
        objects = has;
      }
      String name = thing.name();
      return switch (thing.kind()) {
        case EXPORT -> has.exports().contains(name);
        case BLOCK_NODE -> has.nodes().contains(name);
        case KEY -> has.keys().contains(name);
        case PORT -> has.ports().contains(Integer.parseInt(name));
        case FILE, JOURNAL, RESERVATION, PROCESS ->
            throw new IllegalStateException("%s is not in QEMU".formatted(thing));
      };
    }

    boolean stays(Thing thing, boolean idle) throws IOException {
      return switch (thing.place()) {
        case HOST -> idle;
        case SERVER, SECRETS, QEMU, IN_GUEST ->
            instance.standing().came().epoch() == ledger.epoch();
        case DATA, ROOM, IN_QEMU, RECEIVER -> false;
      };
    }
  }

  /** A port that somebody is about to listen on. */
  static Thing port(int port, LedgerEntry.Place place) {
    return new Thing(Kind.PORT, place, Integer.toString(port));
  }
}
