package dev.tern.conductor.running;

import dev.tern.store.ActionStore;
import dev.tern.store.AggregateStore;
import dev.tern.store.ClaimStore;
import dev.tern.store.ColdMigrationStore;
import dev.tern.store.DiskCopyStore;
import dev.tern.store.EvacuationStore;
import dev.tern.store.FenceStore;
import dev.tern.store.HostStore;
import dev.tern.store.ImageStore;
import dev.tern.store.MigrationStore;
import dev.tern.store.SagaStore;
import dev.tern.store.ServerStore;
import dev.tern.store.VolumeStore;

/** What sagas read and write. */
public record Stores(
    SagaStore sagas,
    ServerStore servers,
    MigrationStore migrations,
    ClaimStore claims,
    HostStore hosts,
    ImageStore images,
    ActionStore actions,
    DiskCopyStore copies,
    VolumeStore volumes,
    FenceStore fences,
    EvacuationStore evacuations,
    ColdMigrationStore coldMigrations,
    AggregateStore aggregates) {}
