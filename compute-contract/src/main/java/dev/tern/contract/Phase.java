package dev.tern.contract;

/** The phases of a migration, in libvirt's words; see {@code docs/live-migration.md}. */
public enum Phase {
  BEGIN,
  PREPARE,
  PERFORM,
  FINISH,
  CONFIRM
}
