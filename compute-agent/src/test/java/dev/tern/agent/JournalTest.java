package dev.tern.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tern.agent.JournalEntry.Arrived;
import dev.tern.agent.JournalEntry.Created;
import dev.tern.agent.JournalEntry.Dead;
import dev.tern.agent.JournalEntry.DisksCreated;
import dev.tern.agent.JournalEntry.GivenBack;
import dev.tern.agent.JournalEntry.HandedOver;
import dev.tern.agent.JournalEntry.IncomingPrepared;
import dev.tern.agent.JournalEntry.Landed;
import dev.tern.agent.JournalEntry.Launched;
import dev.tern.agent.JournalEntry.Restored;
import dev.tern.agent.JournalEntry.Resumed;
import dev.tern.agent.JournalEntry.Retired;
import dev.tern.agent.JournalEntry.ReturnedHome;
import dev.tern.agent.JournalEntry.Seen;
import dev.tern.agent.JournalEntry.Sent;
import dev.tern.agent.JournalEntry.Stopped;
import dev.tern.agent.JournalEntry.Suspended;
import dev.tern.agent.JournalEntry.TakenBack;
import dev.tern.agent.JournalLines.DamagedJournal;
import dev.tern.agent.Standing.ImpossibleEntry;
import dev.tern.agent.Standing.Place;
import dev.tern.contract.agent.ArrivalStamps;
import dev.tern.contract.agent.LeavingStamps;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A journal")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class JournalTest {
  private static final Instant AT = Instant.parse("2026-01-02T03:04:05.678901Z");
  private static final LeavingStamps LEFT =
      new LeavingStamps(
          Optional.of(AT), Optional.of(AT), Optional.empty(), Optional.of(AT.plusMillis(9)));
  private static final ArrivalStamps CAME =
      new ArrivalStamps(Optional.of(AT.plusMillis(11)), Optional.of(AT.plusMillis(12)));

  /** Here, away, and here again. */
  private static final List<JournalEntry> LIFE =
      List.of(
          new Created(1),
          new Launched(2),
          new Stopped(3, "it was stopped"),
          new Launched(4),
          new Suspended(4, 1L << 33, 0xffff_ffffL),
          new Restored(5, 4),
          new Seen(5),
          new HandedOver(5),
          new Sent(5, Optional.of(LEFT)),
          new ReturnedHome(5),
          new HandedOver(6),
          new Seen(7),
          new GivenBack(7, 6),
          new HandedOver(8),
          new Retired(8));

  private static final List<JournalEntry> ARRIVAL =
      List.of(
          new DisksCreated(7),
          new IncomingPrepared(7, true),
          new Arrived(7),
          new Resumed(7, Optional.of(CAME)),
          new Stopped(8, "it was stopped"));

  @TempDir Path directory;

  private Path file() {
    return directory.resolve("journal");
  }

  @Test
  void is_read_back_as_it_was_written() throws Exception {
    try (Journal journal = Journal.open(file())) {
      for (JournalEntry entry : LIFE) {
        journal.append(entry);
      }
    }
    assertThat(JournalLines.read(Files.readAllBytes(file())).entries()).isEqualTo(LIFE);
    try (Journal journal = Journal.open(file())) {
      assertThat(journal.standing()).isEqualTo(Standing.of(LIFE));
      assertThat(journal.standing().place()).isEqualTo(Place.RETIRED);
    }
  }

  @Test
  void says_of_an_arrival_all_that_is_asked_later() throws Exception {
    Standing standing = Standing.of(ARRIVAL);
    assertThat(standing.place()).isEqualTo(Place.STOPPED);
    assertThat(standing.came().epoch()).isEqualTo(7);
    assertThat(standing.highestEpoch()).isEqualTo(8);
    assertThat(standing.came().stamps()).contains(CAME);
    assertThat(standing.came().paused()).isTrue();
  }

  @Test
  void cut_off_at_any_byte_is_the_journal_before_the_cut_entry() throws Exception {
    byte[] whole = bytes(LIFE);
    for (int cut = 0; cut <= whole.length; cut++) {
      byte[] torn = java.util.Arrays.copyOf(whole, cut);
      JournalLines.Read read = JournalLines.read(torn);
      int complete = 0;
      for (byte b : torn) {
        complete += b == '\n' ? 1 : 0;
      }
      assertThat(read.entries()).isEqualTo(LIFE.subList(0, complete));
      assertThat(read.torn()).isEqualTo(cut > 0 && torn[cut - 1] != '\n');
    }
  }

  @Test
  void that_was_torn_goes_on_after_the_last_whole_entry() throws Exception {
    byte[] whole = bytes(LIFE.subList(0, 2));
    Files.write(file(), java.util.Arrays.copyOf(whole, whole.length - 5));
    try (Journal journal = Journal.open(file())) {
      assertThat(journal.standing().place()).isEqualTo(Place.DEFINED);
      journal.append(new Launched(9));
    }
    assertThat(JournalLines.read(Files.readAllBytes(file())).entries())
        .containsExactly(new Created(1), new Launched(9));
  }

  @Test
  void with_any_acknowledged_byte_changed_is_not_believed_in_anything() throws Exception {
    byte[] whole = bytes(LIFE);
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int at = 0; at < whole.length; at++) {
      byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 + random.nextInt(255));
      assertThatThrownBy(() -> JournalLines.read(damaged))
          .as("byte %d, seed %d", at, seed)
          .isInstanceOf(DamagedJournal.class);
    }
  }

  @Test
  void whose_entries_contradict_each_other_is_not_believed() throws Exception {
    Files.write(file(), bytes(List.of(new DisksCreated(3), new Dead(3), new Arrived(3))));
    assertThatThrownBy(() -> Journal.open(file())).isInstanceOf(DamagedJournal.class);
  }

  @Test
  void refuses_what_may_not_follow_and_stays_as_it_was() throws Exception {
    try (Journal journal = Journal.open(file())) {
      journal.append(new DisksCreated(3));
      journal.append(new IncomingPrepared(3, false));
      journal.append(new Dead(3));
      byte[] before = Files.readAllBytes(file());
      assertThatThrownBy(() -> journal.append(new Arrived(3))).isInstanceOf(Journal.Conflict.class);
      assertThat(Files.readAllBytes(file())).isEqualTo(before);
      assertThat(journal.standing().place()).isEqualTo(Place.DEAD);
    }
  }

  @Test
  void that_is_closed_takes_nothing_more() throws Exception {
    Journal journal = Journal.open(file());
    journal.append(new Created(1));
    journal.close();
    assertThatThrownBy(() -> journal.append(new Launched(1))).isInstanceOf(IOException.class);
    try (Journal next = Journal.open(file())) {
      assertThat(next.standing().place()).isEqualTo(Place.DEFINED);
    }
  }

  @Test
  void behind_a_symbolic_link_is_refused() throws Exception {
    Path elsewhere = Files.createFile(directory.resolve("elsewhere"));
    Files.createSymbolicLink(file(), elsewhere);
    assertThatThrownBy(() -> Journal.open(file())).isInstanceOf(IOException.class);
  }

  /**
   * Whatever is appended in whatever order: never both dead and arrived, never away and running.
   */
  @Test
  void lets_no_order_of_entries_give_the_guest_two_homes() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int run = 0; run < 20_000; run++) {
      Standing standing = Standing.NOTHING;
      List<JournalEntry> taken = new ArrayList<>();
      for (int step = 0; step < 12; step++) {
        JournalEntry entry = any(random);
        try {
          standing = standing.after(entry);
          taken.add(entry);
        } catch (ImpossibleEntry _) {
          continue;
        }
        assertThat(broken(taken)).as("seed %d: %s", seed, taken).isFalse();
        assertThat(standing.highestEpoch())
            .isEqualTo(taken.stream().mapToLong(JournalEntry::epoch).max().orElse(0));
      }
    }
  }

  private static boolean broken(List<JournalEntry> taken) {
    long dead = -1;
    long away = -1;
    long file = -1;
    for (JournalEntry entry : taken) {
      switch (entry) {
        case Dead d -> dead = d.epoch();
        case HandedOver h -> away = h.epoch();
        case ReturnedHome r -> {
          if (away != r.epoch()) {
            return true;
          }
          away = -1;
        }
        case GivenBack g -> {
          if (away != g.handedOver()) {
            return true;
          }
          away = -1;
        }
        case TakenBack t -> {
          if (away != t.letGo()) {
            return true;
          }
          away = -1;
        }
        case Landed l -> {
          if (dead == l.epoch()) {
            return true;
          }
        }
        case Arrived a -> {
          if (dead == a.epoch()) {
            return true;
          }
        }
        case Launched _ -> {
          if (away >= 0 || file >= 0) {
            return true;
          }
        }
        case Suspended s -> file = s.epoch();
        case Restored r -> {
          if (file != r.suspended()) {
            return true;
          }
          file = -1;
        }
        case Stopped _ -> file = -1;
        case Seen _,
            Created _,
            DisksCreated _,
            IncomingPrepared _,
            Resumed _,
            Sent _,
            Retired _ -> {}
      }
    }
    return false;
  }

  private static JournalEntry any(Random random) {
    long epoch = 1L + random.nextInt(3);
    return switch (random.nextInt(18)) {
      case 0 -> new Seen(epoch);
      case 1 -> new Created(epoch);
      case 2 -> new Launched(epoch);
      case 3 -> new Stopped(epoch, "");
      case 4 -> new DisksCreated(epoch);
      case 5 -> new IncomingPrepared(epoch, false);
      case 6 -> new Arrived(epoch);
      case 7 -> new Resumed(epoch, Optional.empty());
      case 8 -> new Dead(epoch);
      case 9 -> new HandedOver(epoch);
      case 10 -> new Sent(epoch, Optional.empty());
      case 11 -> new ReturnedHome(epoch);
      case 13 -> new Landed(epoch);
      case 14 -> new TakenBack(epoch, 1L + random.nextInt(3));
      case 12 -> new GivenBack(epoch, 1L + random.nextInt(3));
      case 15 -> new Suspended(epoch, 1, 1);
      case 16 -> new Restored(epoch, 1L + random.nextInt(3));
      default -> new Retired(epoch);
    };
  }

  private static byte[] bytes(List<JournalEntry> entries) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    entries.forEach(entry -> all.writeBytes(JournalLines.line(entry)));
    return all.toByteArray();
  }
}
