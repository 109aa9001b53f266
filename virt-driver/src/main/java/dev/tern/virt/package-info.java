/**
 * What a host can do with QEMU: start guests from a recorded recipe, move them, stop them. Nothing
 * here knows servers, migrations in the database, brokers or Nova; the agent puts those on top.
 */
@NullMarked
package dev.tern.virt;

import org.jspecify.annotations.NullMarked;
