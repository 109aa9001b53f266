package dev.tern.store;

import dev.tern.contract.ComputeException;
import dev.tern.contract.ErrorCode;
import dev.tern.contract.HostName;
import dev.tern.store.DrainStore.DrainRecord;
import dev.tern.store.DrainStore.NewDrain;
import dev.tern.store.DrainStore.Order;
import dev.tern.store.DrainStore.Plan;
import dev.tern.store.DrainStore.Progress;
import dev.tern.store.DrainStore.Purpose;
import dev.tern.store.DrainStore.State;
import dev.tern.store.DrainStore.Wishes;
import dev.tern.store.ServerStore.Requested;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.hibernate.annotations.Generated;
import org.jspecify.annotations.Nullable;

@Entity
@Table(name = "drains")
class DrainEntity {
  @Id UUID id = new UUID(0, 0);

  @Generated
  @Column(insertable = false, updatable = false)
  long number;

  String host = "";

  @Enumerated(EnumType.STRING)
  Purpose purpose = Purpose.EMPTY;

  @Enumerated(EnumType.STRING)
  State state = State.DRAINING;

  boolean paused;

  @Column(name = "abort_moving")
  boolean abortMoving;

  String wishes = "{}";
  @Nullable String plan;
  @Nullable String waiting;

  @Column(name = "disabled_service")
  boolean disabledService;

  long revision;
  String request = "";

  @Column(name = "user_id")
  String user = "";

  @Column(name = "project_id")
  String project = "";

  @Column(name = "created_at")
  Instant createdAt = Instant.EPOCH;

  @Column(name = "updated_at")
  Instant updatedAt = Instant.EPOCH;

  @Column(name = "ended_at")
  @Nullable Instant endedAt;

  static DrainEntity of(NewDrain asked, Requested by, Instant now) {
    DrainEntity drain = new DrainEntity();
    drain.id = asked.id();
    drain.host = asked.host().value();
    drain.purpose = asked.purpose();
    drain.state = asked.dryRun() ? State.PLANNING : State.DRAINING;
    drain.wishes = Json.of(asked.wishes());
    drain.request = by.request().value();
    drain.user = by.user();
    drain.project = by.project();
    drain.createdAt = now;
    drain.updatedAt = now;
    return drain;
  }

  /** It only plans. */
  boolean dryRun() {
    return state == State.PLANNING || state == State.PLANNED;
  }

  /** What servers of it say while it is being emptied. */
  String closedBecause() {
    return "drain %s is emptying it".formatted(id);
  }

  /**
   * Notes what is wished.
   *
   * @return whether anything has changed
   */
  boolean order(Order order, boolean moving, Instant now) {
    return switch (order) {
      case PAUSE -> pause(true, now);
      case RESUME -> pause(false, now);
      case CANCEL, ABORT -> cancel(order == Order.ABORT, now);
      case RETURN -> goHome(moving, now);
    };
  }

  private boolean pause(boolean wished, Instant now) {
    requireUnderWay(wished ? "paused" : "resumed");
    paused = wished;
    touched(now);
    return true;
  }

  private boolean cancel(boolean abort, Instant now) {
    if (state == State.CANCELLED && (!abort || abortMoving)) {
      return false;
    }
    if (state != State.CANCELLED) {
      requireUnderWay("cancelled");
    }
    abortMoving = abort || abortMoving;
    enter(State.CANCELLED, now);
    return true;
  }

  private boolean goHome(boolean moving, Instant now) {
    if (purpose == Purpose.REBALANCE) {
      throw conflict("What evened out all hosts is not taken back. Ask to rebalance them again.");
    }
    return switch (state) {
      case RETURNING, RETURNED -> false;
      case PLANNING, PLANNED ->
          throw conflict("Drain %s only planned; no server has left its host.".formatted(id));
      case DRAINING ->
          throw conflict(
              "Drain %s is still emptying %s. Cancel it, or wait for its end.".formatted(id, host));
      case DRAINED, INCOMPLETE, CANCELLED -> {
        if (moving) {
          throw conflict(
              "Servers of drain %s are still moving. Wait until they have arrived.".formatted(id));
        }
        abortMoving = false;
        enter(State.RETURNING, now);
        yield true;
      }
    };
  }

  void change(Wishes changed, Instant now) {
    requireUnderWay("changed");
    wishes = Json.of(changed);
    // One that moves a few servers has chosen them; it is asked for again for another choice.
    plan = purpose == Purpose.EMPTY ? null : plan;
    touched(now);
  }

  private void requireUnderWay(String what) {
    if (state != State.DRAINING && state != State.RETURNING) {
      throw conflict(
          "Drain %s is %s and cannot be %s any more."
              .formatted(id, state.name().toLowerCase(java.util.Locale.ROOT), what));
    }
  }

  void take(Progress progress, Instant now) {
    plan = progress.plan().map(Json::of).orElse(null);
    waiting = progress.waiting().orElse(null);
    if (progress.state() != state) {
      enter(progress.state(), now);
    } else {
      touched(now);
    }
  }

  void touched(Instant now) {
    revision++;
    updatedAt = now;
  }

  private void enter(State next, Instant now) {
    state = next;
    paused = false;
    waiting = next.ended() ? null : waiting;
    endedAt = next.ended() ? now : null;
    touched(now);
  }

  static ComputeException conflict(String message) {
    return new ComputeException(ErrorCode.DRAIN_CONFLICT, message, null);
  }

  static ComputeException notFound(UUID id) {
    return new ComputeException(
        ErrorCode.DRAIN_NOT_FOUND, "Drain %s could not be found.".formatted(id), null);
  }

  /** A host whose servers come home is not emptied at the same time. */
  static ComputeException comingHome(UUID id, String host) {
    return conflict(
        "Servers are coming home to %s (drain %s). Wait for that, or cancel it."
            .formatted(host, id));
  }

  /** The other of the two is asked for while one goes on. */
  ComputeException underWay() {
    return purpose == Purpose.EMPTY
        ? beingEmptied(id, host)
        : conflict("%s is being relieved (drain %s). Cancel that first.".formatted(host, id));
  }

  static ComputeException beingEmptied(UUID id, String host) {
    return conflict("%s is being emptied by drain %s. Cancel the drain first.".formatted(host, id));
  }

  DrainRecord toRecord() {
    return new DrainRecord(
        id,
        new HostName(host),
        purpose,
        state,
        paused,
        abortMoving,
        Json.read(Wishes.class, wishes),
        Optional.ofNullable(plan).map(text -> Json.read(Plan.class, text)),
        Optional.ofNullable(waiting),
        disabledService,
        revision,
        user,
        project,
        createdAt,
        updatedAt,
        Optional.ofNullable(endedAt));
  }
}
