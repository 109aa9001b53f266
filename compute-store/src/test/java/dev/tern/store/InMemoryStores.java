package dev.tern.store;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * All stores in memory, over one state: for tests that need no database. They keep the same
 * contracts as the real ones and refuse what those refuse. Time stands still until it is passed.
 * Each method holds the state's lock, as each real one is a transaction.
 */
public final class InMemoryStores implements Stores {
  private final Memory memory = new Memory();
  private final AggregateStore aggregates = new InMemoryAggregateStore(memory);
  private final InMemoryServerGroupStore groups = new InMemoryServerGroupStore(memory);
  private final ClaimStore claims = new InMemoryClaimStore(memory, groups);
  private final ServerStore servers =
      new InMemoryServerStore(memory, new InMemoryQuotaStore(memory), groups);
  private final ServerEditStore edits = new InMemoryServerEditStore(memory);
  private final MigrationStore migrations = new InMemoryMigrationStore(memory);
  private final SagaStore sagas = new InMemorySagaStore(memory);
  private final ActionStore actions = new InMemoryActionStore(memory);
  private final InMemoryHostStore hosts = new InMemoryHostStore(memory);
  private final InMemoryFlavorStore flavors = new InMemoryFlavorStore(memory);
  private final InMemoryImageStore images = new InMemoryImageStore(memory);
  private final DiskCopyStore copies = new InMemoryDiskCopyStore(memory, images);
  private final VolumeStore volumes = new InMemoryVolumeStore(memory);
  private final ReceiptStore receipts = new InMemoryReceiptStore(memory);
  private final DecisionStore decisions = new InMemoryDecisionStore(memory);
  private final FenceStore fences = new InMemoryFenceStore(memory);
  private final ColdMigrationStore coldMigrations =
      new InMemoryColdMigrationStore(memory, new InMemoryQuotaStore(memory));
  private final DrainStore drains = new InMemoryDrainStore(memory, migrations, coldMigrations);
  private final EvacuationStore evacuations = new InMemoryEvacuationStore(memory);
  private final KeyPairStore keyPairs = new InMemoryKeyPairStore(memory);
  private final UsageStore usage = new InMemoryUsageStore(memory);
  private final QuotaStore quotas = new InMemoryQuotaStore(memory);
  private final OutboxStore outbox = new InMemoryOutboxStore(memory);
  private final InMemoryAuditTrailStore auditTrail = new InMemoryAuditTrailStore(this::now);
  private final DeadLetterStore deadLetters = new InMemoryDeadLetterStore(memory);
  private final TokenStore tokens = new InMemoryTokenStore();
  private final IdempotencyStore idempotency = new InMemoryIdempotencyStore(memory);

  /** How many rows each table has, for a test to see that none came. */
  public Map<String, Integer> rows() {
    synchronized (memory) {
      return Map.of(
          "servers", memory.servers.size(),
          "migrations", memory.migrations.size(),
          "sagas", memory.sagas.size(),
          "actions", memory.actions.size(),
          "claims", memory.claims.size(),
          "copies", memory.copies.size(),
          "volumes", memory.volumes.size(),
          "outbox", memory.outbox.size());
    }
  }

  @Override
  public ServerStore servers() {
    return servers;
  }

  @Override
  public ServerEditStore edits() {
    return edits;
  }

  @Override
  public MigrationStore migrations() {
    return migrations;
  }

  @Override
  public SagaStore sagas() {
    return sagas;
  }

  @Override
  public ActionStore actions() {
    return actions;
  }

  @Override
  public HostStore hosts() {
    return hosts;
  }

  @Override
  public ClaimStore claims() {
    return claims;
  }

  @Override
  public FlavorStore flavors() {
    return flavors;
  }

  @Override
  public ImageStore images() {
    return images;
  }

  @Override
  public DiskCopyStore copies() {
    return copies;
  }

  @Override
  public VolumeStore volumes() {
    return volumes;
  }

  @Override
  public DecisionStore decisions() {
    return decisions;
  }

  @Override
  public ReceiptStore receipts() {
    return receipts;
  }

  @Override
  public FenceStore fences() {
    return fences;
  }

  @Override
  public DrainStore drains() {
    return drains;
  }

  @Override
  public EvacuationStore evacuations() {
    return evacuations;
  }

  @Override
  public ColdMigrationStore coldMigrations() {
    return coldMigrations;
  }

  @Override
  public KeyPairStore keyPairs() {
    return keyPairs;
  }

  @Override
  public QuotaStore quotas() {
    return quotas;
  }

  @Override
  public ServerGroupStore groups() {
    return groups;
  }

  @Override
  public UsageStore usage() {
    return usage;
  }

  @Override
  public AggregateStore aggregates() {
    return aggregates;
  }

  @Override
  public OutboxStore outbox() {
    return outbox;
  }

  @Override
  public TokenStore tokens() {
    return tokens;
  }

  @Override
  public IdempotencyStore idempotency() {
    return idempotency;
  }

  @Override
  public AuditTrailStore auditTrail() {
    return auditTrail;
  }

  @Override
  public DeadLetterStore deadLetters() {
    return deadLetters;
  }

  /** The time of this database. */
  public Instant now() {
    synchronized (memory) {
      return memory.now;
    }
  }

  /** As fresh as a new one, at the time it began. */
  public void clear() {
    synchronized (memory) {
      memory.clear();
      auditTrail.clear();
      flavors.clear();
      images.clear();
      hosts.clear();
    }
  }

  @Override
  public void pass(Duration time) {
    synchronized (memory) {
      memory.now = memory.now.plus(time);
    }
  }
}
