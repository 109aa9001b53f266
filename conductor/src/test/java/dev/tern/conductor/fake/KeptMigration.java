package dev.tern.conductor.fake;

import dev.tern.contract.ClaimId;
import dev.tern.contract.Failure;
import dev.tern.contract.HostName;
import dev.tern.contract.MigrationId;
import dev.tern.contract.MigrationStatus;
import dev.tern.contract.Phase;
import dev.tern.contract.ServerId;
import dev.tern.contract.agent.AgentRequest.BlockMigration;
import dev.tern.contract.host.Forecast;
import dev.tern.contract.host.MigrationProgress;
import dev.tern.contract.move.PolicyParts;
import dev.tern.store.MigrationFigures;
import dev.tern.store.MigrationStore;
import dev.tern.store.PauseParts;
import dev.tern.store.SagaStore.Lease;
import dev.tern.store.ServerStore.Requested;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** One migration, kept as the database would, under the lease of its saga. */
public final class KeptMigration implements MigrationStore {
  private final MigrationId id;
  private final ServerId server;
  private final UUID saga;
  private final KeptSagas sagas;
  private final KeptClaims claims;
  private final ClaimId homeClaim;
  private final HostName source;

  public HostName owner;
  public MigrationStatus status = MigrationStatus.ACCEPTED;
  public Optional<Failure> failure = Optional.empty();
  public boolean doubt;
  public boolean everInDoubt;
  public boolean lost;
  public Optional<HostName> requested = Optional.empty();
  public PauseParts pause = PauseParts.unknown("not over");
  public Wishes wishes = Wishes.NONE;
  public final List<MigrationRecord> others = new ArrayList<>();
  private Phase phase = Phase.BEGIN;
  private boolean checked;
  private Optional<MigrationFigures.Foreseen> foreseen = Optional.empty();
  private Optional<HostName> destination = Optional.empty();
  private Optional<ClaimId> claim = Optional.empty();

  /** The owner's claim is there already. */
  public KeptMigration(
      MigrationId id,
      ServerId server,
      UUID saga,
      HostName source,
      ClaimId homeClaim,
      KeptSagas sagas,
      KeptClaims claims) {
    this.id = id;
    this.server = server;
    this.saga = saga;
    this.source = source;
    this.owner = source;
    this.homeClaim = homeClaim;
    this.sagas = sagas;
    this.claims = claims;
  }

  private MigrationRecord record() {
    return new MigrationRecord(
        7,
        id,
        server,
        saga,
        status,
        phase,
        checked,
        false,
        doubt,
        source,
        requested,
        destination,
        claim,
        BlockMigration.AUTO,
        Optional.empty(),
        3,
        "user",
        "project",
        0,
        0,
        0,
        0,
        0,
        0,
        pause.total(),
        new MigrationFigures(
            0, Optional.empty(), foreseen, Optional.empty(), Duration.ZERO, Optional.of(pause)),
        wishes,
        failure,
        Instant.EPOCH,
        Instant.EPOCH,
        Optional.empty());
  }

  @Override
  public MigrationRecord requestLiveMigration(NewMigration migration, Requested by) {
    throw new UnsupportedOperationException("the request is made already");
  }

  @Override
  public void requestAbort(ServerId ofServer, long number, Requested by) {
    sagas.abort();
  }

  @Override
  public MigrationRecord requestPolicy(MigrationId of, PolicyParts parts, Requested by) {
    wishes =
        new Wishes(
            parts.over(wishes.policy()),
            wishes.revision() + 1,
            wishes.streams(),
            wishes.forced(),
            wishes.dataSince());
    return record();
  }

  @Override
  public void requestForceComplete(ServerId ofServer, long number, Requested by) {
    wishes =
        new Wishes(wishes.policy(), wishes.revision(), wishes.streams(), true, wishes.dataSince());
  }

  @Override
  public Optional<MigrationRecord> find(MigrationId wanted) {
    return Optional.of(record());
  }

  @Override
  public Optional<MigrationRecord> find(ServerId ofServer, long number) {
    return Optional.of(record());
  }

  @Override
  public List<MigrationRecord> list(MigrationQuery query) {
    List<MigrationRecord> all = new ArrayList<>(others);
    all.add(record());
    return all;
  }

  @Override
  public void progress(MigrationProgress progress) {}

  @Override
  public void planned(Lease lease, MigrationId of, HostName host, ClaimId share, long diskBytes) {
    sagas.check(lease);
    checked = true;
    destination = Optional.of(host);
    claim = Optional.of(share);
  }

  @Override
  public void entered(Lease lease, MigrationId of, MigrationStatus now, Phase entered) {
    sagas.check(lease);
    status = now;
    phase = entered;
  }

  @Override
  public void inDoubt(Lease lease, MigrationId of, boolean now, String why) {
    sagas.check(lease);
    doubt = now;
    everInDoubt |= now;
  }

  @Override
  public void foreseen(Lease lease, MigrationId of, Forecast forecast) {
    sagas.check(lease);
    foreseen = Optional.of(new MigrationFigures.Foreseen(forecast, Duration.ZERO));
  }

  @Override
  public void ownerChanged(Lease lease, MigrationId of, PauseParts seen) {
    sagas.check(lease);
    owner = destination.orElseThrow();
    pause = seen;
  }

  @Override
  public void completed(Lease lease, MigrationId of) {
    sagas.check(lease);
    if (owner.equals(source)) {
      throw new IllegalStateException("completed before the owner changed");
    }
    claims.release(homeClaim);
    status = MigrationStatus.COMPLETED;
    sagas.end(lease);
  }

  @Override
  public void rolledBack(Lease lease, MigrationId of, MigrationStatus end, Failure why) {
    sagas.check(lease);
    claim.ifPresent(claims::release);
    status = end;
    failure = Optional.of(why);
    sagas.end(lease);
  }

  @Override
  public void guestLost(Lease lease, MigrationId of, Failure why) {
    rolledBack(lease, of, MigrationStatus.ERROR, why);
    lost = true;
  }
}
