package dev.tern.agent;

/** What a server has on a host beside its disks. */
record OwnFiles(DiskSecrets secrets, ConfigDrives drives) {}
