@NullMarked
package dev.tern.client.command;

import org.jspecify.annotations.NullMarked;
