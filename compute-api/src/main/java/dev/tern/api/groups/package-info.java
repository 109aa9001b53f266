/** Groups of servers that shall be together, or apart. */
@NullMarked
package dev.tern.api.groups;

import org.jspecify.annotations.NullMarked;
