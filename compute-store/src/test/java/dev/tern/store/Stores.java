package dev.tern.store;

import java.time.Duration;

/** All stores of one database, real or in memory, for tests. */
public interface Stores {
  ServerStore servers();

  ServerEditStore edits();

  MigrationStore migrations();

  SagaStore sagas();

  ActionStore actions();

  HostStore hosts();

  ClaimStore claims();

  FlavorStore flavors();

  ImageStore images();

  DiskCopyStore copies();

  VolumeStore volumes();

  ReceiptStore receipts();

  DecisionStore decisions();

  FenceStore fences();

  DrainStore drains();

  EvacuationStore evacuations();

  ColdMigrationStore coldMigrations();

  KeyPairStore keyPairs();

  QuotaStore quotas();

  ServerGroupStore groups();

  AggregateStore aggregates();

  UsageStore usage();

  OutboxStore outbox();

  IdempotencyStore idempotency();

  TokenStore tokens();

  DeadLetterStore deadLetters();

  AuditTrailStore auditTrail();

  /** Lets time pass for leases, beats and messages that are taken; nothing waits. */
  void pass(Duration time);
}
